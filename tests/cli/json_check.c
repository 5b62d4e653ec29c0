/* json_check.c - prints whether standard input is one JSON object and nothing else, and its keys.
 */
#include <jansson.h>
#include <stdio.h>

int main(void)
{
    json_error_t why;
    json_t *root = json_loadf(stdin, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(root)) {
        printf("not one JSON object: %s\n", root ? "another value" : why.text);
        json_decref(root);
        return 1;
    }
    const char *key;
    json_t *value;
    printf("an object:");
    json_object_foreach(root, key, value) printf(" %s", key);
    printf("\n");
    json_decref(root);
    return 0;
}
