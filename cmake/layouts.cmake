# weir_layout_table(OUT names...): writes layouts/NAME.layout, each, into a table of strings.
# Line 1 of a layout is "# TITLE: SUMMARY"; a file without it is refused here.
function(weir_layout_table out)
  set(rows "")
  foreach(name ${ARGN})
    set(path ${PROJECT_SOURCE_DIR}/layouts/${name}.layout)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} text)
    if(NOT text MATCHES "^# ([^:\n]+): ([^\n]+)\n")
      message(FATAL_ERROR "${path}: line 1 must be `# TITLE: SUMMARY`")
    endif()
    set(title "${CMAKE_MATCH_1}")
    set(summary "${CMAKE_MATCH_2}")
    foreach(part title summary text)
      string(REPLACE "\\" "\\\\" ${part} "${${part}}")
      string(REPLACE "\"" "\\\"" ${part} "${${part}}")
    endforeach()
    string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
    string(APPEND rows "    {\"${name}\",\n     \"${title}\",\n     \"${summary}\",\n     \"${text}\"},\n")
  endforeach()
  list(LENGTH ARGN count)
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"/* Made by cmake/layouts.cmake from layouts/. */
#include \"layout/builtin.h\"

const weir_builtin_layout weir_builtin_table[] = {
@rows@};

const int weir_builtin_table_count = @count@;
")
endfunction()
