/*
 * LAME as wasm-media-encoders 0.7.0 calls it: what its own wasm/mp3.wasm exports, without a variable bit rate. Everything that
 * comes from its JavaScript has been checked there; one instance holds one encoder.
 */
#include <stdint.h>
#include <stdlib.h>
#include <wasi/api.h>
#include "lame.h"

#define EXPORT(name) __attribute__((export_name(name)))

struct parameters {
	unsigned channels, sample_rate;
	int bit_rate;
	float vbr_quality;
	int output_sample_rate;
};

struct encoder {
	lame_t lame;
	float *pcm[2];
	unsigned room;
	unsigned char *out;
};

/* What a JavaScript of another version refuses. */
EXPORT("version") const char *version(void) { return "wasm-media-encoders-0.7.0"; }
EXPORT("mime_type") const char *mime_type(void) { return "audio/mpeg"; }
EXPORT("malloc") void *exported_malloc(size_t size) { return malloc(size); }
EXPORT("free") void exported_free(void *memory) { free(memory); }

/* lame.h: the most that so many samples become, and what flushing gives. */
static size_t most_bytes(unsigned samples) { return samples + samples / 4 + 7200; }

EXPORT("enc_free") void enc_free(struct encoder *encoder) {
	if (!encoder) return;
	lame_close(encoder->lame);
	free(encoder->pcm[0]);
	free(encoder->pcm[1]);
	free(encoder->out);
	free(encoder);
}

EXPORT("enc_init") struct encoder *enc_init(const struct parameters *given) {
	if (given->vbr_quality >= 0) return NULL;
	struct encoder *encoder = calloc(1, sizeof *encoder);
	if (!encoder) return NULL;
	lame_t lame = encoder->lame = lame_init();
	encoder->out = malloc(most_bytes(0));
	if (!lame || !encoder->out) goto failed;
	lame_set_num_channels(lame, (int)given->channels);
	if (given->channels == 1) lame_set_mode(lame, MONO);
	lame_set_in_samplerate(lame, (int)given->sample_rate);
	lame_set_out_samplerate(lame, given->output_sample_rate);
	lame_set_brate(lame, given->bit_rate);
	/* "Good quality, fast" (lame.h): a quarter less work than its default of 3, for 0.3 dB more noise against what speech masks. */
	lame_set_quality(lame, 5);
	/* The frame that tells of gaps is written by whoever knows how long it will be. */
	lame_set_bWriteVbrTag(lame, 0);
	if (lame_init_params(lame) < 0) goto failed;
	return encoder;
failed:
	enc_free(encoder);
	return NULL;
}

EXPORT("enc_get_pcm") float **enc_get_pcm(struct encoder *encoder, unsigned samples) {
	if (samples <= encoder->room) return encoder->pcm;
	for (int channel = 0; channel < 2; channel++) {
		float *grown = realloc(encoder->pcm[channel], samples * sizeof *grown);
		if (!grown) return NULL;
		encoder->pcm[channel] = grown;
	}
	unsigned char *out = realloc(encoder->out, most_bytes(samples));
	if (!out) return NULL;
	encoder->out = out;
	encoder->room = samples;
	return encoder->pcm;
}

EXPORT("enc_get_out_buf") unsigned char *enc_get_out_buf(struct encoder *encoder) { return encoder->out; }

EXPORT("enc_encode") int enc_encode(struct encoder *encoder, unsigned samples) {
	return lame_encode_buffer_ieee_float(encoder->lame, encoder->pcm[0], encoder->pcm[1], (int)samples, encoder->out,
	                                     (int)most_bytes(samples));
}

EXPORT("enc_flush") int enc_flush(struct encoder *encoder) {
	return lame_encode_flush(encoder->lame, encoder->out, (int)most_bytes(0));
}

/*
 * LAME reports to standard error what it is not asked to say elsewhere, and libc would import a system for that. There is none:
 * what is written goes nowhere, and what ends the program traps.
 */
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t file, int32_t parts, int32_t count, int32_t written) {
	(void)file;
	const struct { int32_t at, length; } *part = (const void *)parts;
	int32_t bytes = 0;
	for (int32_t n = 0; n < count; n++) bytes += part[n].length;
	*(int32_t *)written = bytes;
	return 0;
}
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t file, int64_t offset, int32_t whence, int32_t place) {
	(void)file, (void)offset, (void)whence, (void)place;
	return __WASI_ERRNO_SPIPE;
}
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t file) {
	(void)file;
	return 0;
}
_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code) {
	(void)code;
	__builtin_trap();
}
