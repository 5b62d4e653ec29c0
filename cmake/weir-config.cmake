# find_package(weir) reads this: the targets weir::weir (shared) and weir::weir_static.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/weir-targets.cmake)
