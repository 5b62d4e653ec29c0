/* checkpoint.h - weights and optimizer state in safetensors, and what they belong to. Floor 4.
 *
 * FOLDER/checkpoint/state.safetensors, where FOLDER is the run's: every parameter under its name,
 * AdamW's moments as NAME.m and NAME.v, and in the metadata: "weir" (the version), "step",
 * "layout_text" (canonical), "data_hash", and every setting of config.def as "GROUP.FIELD". Nothing
 * in it depends on the time or the machine: equal runs give equal bytes. One file, renamed into
 * place, so that a kill at any moment leaves the old or the new checkpoint, whole.
 */
#ifndef WEIR_TRAIN_CHECKPOINT_H
#define WEIR_TRAIN_CHECKPOINT_H

#include "train/trainer.h"

/* WEIR_E_FILE, WEIR_E_MEMORY; what stood there before then still stands. */
weir_status weir_checkpoint_write(const char *folder, const weir_trainer *trainer,
                                  const char *layout_text, weir_error *err);

/* Fills theta, the moments and step. Refused (WEIR_E_STATE) when the layout's text, the data or a
 * setting that shapes the run differs (weir_config_same_run); WEIR_E_FORMAT when a tensor is
 * missing, of another shape or damaged; WEIR_E_FILE. The trainer is untouched on failure. */
weir_status weir_checkpoint_read(const char *folder, weir_trainer *trainer, const char *layout_text,
                                 weir_error *err);

/* Only the weights, for `weir sample`: a model from a run's folder. theta is in memory of
 * weir_alloc. Outputs are untouched on failure. */
weir_status weir_checkpoint_model(const char *folder, weir_config *config, weir_model **model,
                                  float **theta, weir_error *err);

#endif
