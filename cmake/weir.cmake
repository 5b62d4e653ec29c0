# How every file of weir is compiled, in one place.
add_library(weir_flags INTERFACE)
target_include_directories(weir_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
# One order of summation and unfused multiply and add are contracts: no contraction, no fast-math, anywhere.
target_compile_options(weir_flags INTERFACE -ffp-contract=off -fno-math-errno -fno-trapping-math
  -fvisibility=hidden -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes)
target_compile_definitions(weir_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
if(WEIR_WERROR)
  target_compile_options(weir_flags INTERFACE -Werror)
endif()
if(WEIR_ASSERTS)
  target_compile_definitions(weir_flags INTERFACE WEIR_ASSERTS)
endif()
if(WEIR_SANITIZE)
  target_compile_options(weir_flags INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(weir_flags INTERFACE -fsanitize=${WEIR_SANITIZE})
endif()
set(CMAKE_C_FLAGS_RELEASE "-O3 -g1")
set(CMAKE_C_FLAGS_DEBUG "-g -Og")

# weir_room(NAME files...): the objects of one room.
function(weir_room name)
  add_library(weir_${name} OBJECT ${ARGN})
  target_link_libraries(weir_${name} PUBLIC weir_flags)
  set_target_properties(weir_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# The instruction set of a kernel file is named by its suffix and by nothing else.
function(weir_isa_flags)
  foreach(file ${ARGN})
    if(file MATCHES "_avx2\\.c$")
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c;-mno-avx512f")
    elseif(file MATCHES "_avx512(bf16)?\\.c$")
      set(options "-mavx2;-mfma;-mf16c;-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mprefer-vector-width=512")
      if(CMAKE_MATCH_1)
        list(APPEND options -mavx512bf16)
      endif()
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${options}")
    endif()
  endforeach()
endfunction()

# weir_kernel_files(OUT kernel...): KERNEL_scalar.c and, where the target is x86-64, KERNEL_avx2.c, KERNEL_avx512.c and, of a
# kernel that has one, KERNEL_avx512bf16.c; where it is aarch64, KERNEL_neon.c, which needs no options.
function(weir_kernel_files out)
  set(files)
  foreach(kernel ${ARGN})
    list(APPEND files ${kernel}_scalar.c)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
      list(APPEND files ${kernel}_avx2.c ${kernel}_avx512.c)
      if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${kernel}_avx512bf16.c)
        list(APPEND files ${kernel}_avx512bf16.c)
      endif()
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
      list(APPEND files ${kernel}_neon.c)
    endif()
  endforeach()
  weir_isa_flags(${files})
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# weir_test(NAME files...): a test program, linked with the whole of weir and with cmocka. A build for another architecture,
# where cmocka is not, goes without it.
function(weir_test name)
  if(CMAKE_CROSSCOMPILING AND NOT TARGET PkgConfig::CMOCKA)
    message(STATUS "No cmocka for ${CMAKE_SYSTEM_PROCESSOR}: ${name} is left out")
    return()
  endif()
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE weir_flags weir_all PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  # The label by which the thread sanitizer's run finds the tests that start threads.
  set(files ${ARGN})
  list(FILTER files EXCLUDE REGEX "^\\$<") # objects of another target have no file yet
  foreach(file ${files})
    file(STRINGS ${file} starts_threads REGEX "weir_pool_create|pthread_create")
    if(starts_threads)
      set_tests_properties(${name} PROPERTIES LABELS threads)
    endif()
  endforeach()
endfunction()

# weir_wrap(NAME functions...): calls of these functions go to those that the test has as __wrap_... in their place.
function(weir_wrap name)
  if(NOT TARGET ${name}) # see weir_test
    return()
  endif()
  foreach(function ${ARGN})
    target_link_options(${name} PRIVATE LINKER:--wrap=${function})
  endforeach()
endfunction()

# weir_bare_program(NAME files...): a program of the tests that needs nothing but libweir.
function(weir_bare_program name)
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE weir_flags weir_static)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

# weir_bench(NAME files...): a benchmark, which `make bench` runs after those before it.
function(weir_bench name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE weir_flags weir_all)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_custom_target(run_${name} COMMAND ${name} USES_TERMINAL)
  get_target_property(before bench MANUALLY_ADDED_DEPENDENCIES)
  if(before)
    add_dependencies(run_${name} ${before})
  endif()
  add_dependencies(bench run_${name})
endfunction()
