# cmake -DOUT=file.c -DNAMES=a;b -DFILES=x;y -P embed.cmake: each file as an array NAME and its length NAME_size.
set(code "/* Made by src/cli/embed.cmake. */\n")
foreach(name file IN ZIP_LISTS NAMES FILES)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(.....................................................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND code
    "extern const unsigned char ${name}[];\nextern const unsigned long ${name}_size;\n"
    "const unsigned char ${name}[] = {\n${bytes}0};\n"
    "const unsigned long ${name}_size = sizeof ${name} - 1;\n")
endforeach()
file(WRITE ${OUT} "${code}")
