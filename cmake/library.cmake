# libweir, static and shared, of floors 0 to 2; and what `make install` copies.
find_package(Threads REQUIRED)
set(objects)
foreach(room base simd ops)
  if(TARGET weir_${room})
    list(APPEND objects $<TARGET_OBJECTS:weir_${room}>)
  endif()
endforeach()

foreach(kind STATIC SHARED)
  string(TOLOWER weir_${kind} target)
  add_library(${target} ${kind} ${objects})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME weir)
  target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${target} PRIVATE weir_flags PUBLIC Threads::Threads m)
endforeach()
set_target_properties(weir_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
if(NOT WEIR_SANITIZE)
  # A symbol that no object defines is an error here, not at the user's. (The sanitizers leave theirs open.)
  target_link_options(weir_shared PRIVATE -Wl,--no-undefined)
endif()

# The pkg-config file finds itself, so that an installed tree may be moved.
cmake_path(SET pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH WEIR_PC_PREFIX /prefix/${pkgconfig_dir} /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/weir.pc.in ${PROJECT_BINARY_DIR}/lib/weir.pc @ONLY)

install(TARGETS weir_static weir_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_BINARY_DIR}/lib/weir.pc DESTINATION ${pkgconfig_dir})
