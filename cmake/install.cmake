# What `make install` copies: libweir, its headers and pkg-config file, the command.
install(TARGETS weir_static weir_shared LIBRARY ARCHIVE)
if(TARGET weir)
  install(TARGETS weir RUNTIME)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# The pkg-config file finds itself, so that an installed tree may be moved.
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH WEIR_PC_PREFIX /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" WEIR_PC_PREFIX ${WEIR_PC_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/weir.pc.in ${PROJECT_BINARY_DIR}/lib/weir.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/lib/weir.pc DESTINATION ${pkgconfig_dir})
