/* checkpoint.h - weights and optimizer state in safetensors, and what they belong to. Floor 4.
 *
 * checkpoint/state.safetensors: every parameter under its name, its moments as NAME.m and NAME.v, and in the metadata: step,
 * the layout's canonical text, and every setting of config.def. One file, renamed into place, so that a kill at any moment
 * leaves the old or the new checkpoint, whole.
 */
#ifndef WEIR_TRAIN_CHECKPOINT_H
#define WEIR_TRAIN_CHECKPOINT_H

#include "train/trainer.h"

weir_status weir_checkpoint_write(const char *folder, const weir_trainer *trainer, const char *layout_text,
                                  weir_error *err);

/* Fills theta, the moments and step. Refused (WEIR_E_STATE) when the layout's text or a setting that shapes the run differs;
 * WEIR_E_FORMAT when a tensor is missing, of another shape or damaged. The trainer is untouched on failure. */
weir_status weir_checkpoint_read(const char *folder, weir_trainer *trainer, const char *layout_text, weir_error *err);

/* Only the weights, for `weir sample`: a model from a run's folder. theta is in memory of weir_alloc. */
weir_status weir_checkpoint_model(const char *folder, weir_config *config, weir_model **model, float **theta,
                                  weir_error *err);

#endif
