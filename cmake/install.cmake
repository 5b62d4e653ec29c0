# What `make install` copies: libweir, its headers, what finds it (pkg-config, CMake), the command. Nothing of it knows
# where it lies, so that an installed tree may be moved.
include(CMakePackageConfigHelpers)
set_target_properties(weir_shared PROPERTIES EXPORT_NAME weir)
install(TARGETS weir_static weir_shared EXPORT weir LIBRARY ARCHIVE INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET weir)
  install(TARGETS weir RUNTIME)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# find_package(weir): weir::weir and weir::weir_static. Until 1.0 a minor version may break the interface.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lib/weir-config-version.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT weir NAMESPACE weir:: FILE weir-targets.cmake DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/cmake/weir-config.cmake ${PROJECT_BINARY_DIR}/lib/weir-config-version.cmake
  DESTINATION ${package_dir})

set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH WEIR_PC_PREFIX /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" WEIR_PC_PREFIX ${WEIR_PC_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/weir.pc.in ${PROJECT_BINARY_DIR}/lib/weir.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/lib/weir.pc DESTINATION ${pkgconfig_dir})
