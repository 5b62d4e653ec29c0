# aarch64.cmake - builds for aarch64 on a machine of another kind, and runs what was built under QEMU. The preset
# aarch64 uses it; scripts/need cross installs what it takes.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc CACHE STRING "A compiler for aarch64")
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu) # for clang, which compiles for all of them
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
# Libraries of this machine are of no use.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig)
