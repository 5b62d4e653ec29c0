/* config_json.h - settings as JSON, by the rows of config.def: for run.json and for what commands
 * print. Floor 4. */
#ifndef WEIR_TRAIN_CONFIG_JSON_H
#define WEIR_TRAIN_CONFIG_JSON_H

#include <jansson.h>

#include "train/config.h"

/* An object of the settings of one group ("model", "train", "data"): numbers as numbers, words and
 * text as strings, flags as booleans, in the order of config.def. The caller decrefs it.
 * WEIR_E_MEMORY; WEIR_E_VALUE a text that is not UTF-8, which JSON cannot hold. */
weir_status weir_config_to_json(const weir_config *config, const char *group, json_t **out,
                                weir_error *err);

/* Sets the settings of a group from such an object; keys that are no settings are left alone.
 * WEIR_E_FORMAT when one is missing, of another kind or out of bounds; config is then half set. */
weir_status weir_config_from_json(weir_config *config, const char *group, const json_t *object,
                                  weir_error *err);

#endif
