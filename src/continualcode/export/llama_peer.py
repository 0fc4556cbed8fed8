"""Runs in llama.cpp's own environment, which has nothing of ours: one job as JSON on standard input, one answer out.

A job names a `model` and maybe a `lora` (files), `threads`, and what to do:
- `score`: [[prompt ids, completion ids], …] → `logprobs` of the completion tokens;
- `greedy`: [[prompt ids, most tokens], …] → `greedy`: the ids drawn up to and with an end token, and CPU `seconds` of each
  (reading the prompt, drawing);
- `texts`: → `ids`: each text as llama.cpp's own tokenizer reads it.
"""

import ctypes
import json
import math
import sys
import time

import llama_cpp  # pyright: ignore[reportMissingImports]  # it lives there alone
import numpy as np


class Model:
    """A model and one context of its full length."""

    def __init__(self, file, lora, threads):
        llama_cpp.llama_backend_init()
        silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(silence, ctypes.c_void_p(0))
        self.silence = silence  # llama.cpp keeps calling it
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(file.encode(), params)
        if not self.model:
            sys.exit(f"{file} is not a model that llama.cpp loads")
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.words = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = options.n_batch = options.n_ubatch = llama_cpp.llama_model_n_ctx_train(self.model)
        options.n_threads = options.n_threads_batch = threads
        options.type_k = options.type_v = llama_cpp.GGML_TYPE_F32
        options.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED  # its sums are float16
        self.context = llama_cpp.llama_init_from_model(self.model, options)
        if not self.context:
            sys.exit("llama.cpp made no context")
        if lora is not None:
            self.adapter = llama_cpp.llama_adapter_lora_init(self.model, lora.encode())
            if not self.adapter:
                sys.exit(f"{lora} is not an adapter of {file}")
            adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(self.adapter)
            scales = (ctypes.c_float * 1)(1.0)
            if llama_cpp.llama_set_adapters_lora(self.context, adapters, 1, scales):
                sys.exit(f"{lora} could not be put on {file}")

    def forget(self):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)

    def read(self, ids, start, wanted):
        """Decode ids at positions from `start`; logits are kept for those places whose index is in `wanted`."""
        batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i] = token, start + i
            batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = 1, 0, i in wanted
        code = llama_cpp.llama_decode(self.context, batch)
        llama_cpp.llama_batch_free(batch)
        if code:
            sys.exit(f"llama_decode failed with {code}")

    def logits(self, place):
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, place), (self.words,))

    def score(self, prompt, completion):
        self.forget()
        ids = [*prompt, *completion][:-1]
        places = range(len(prompt) - 1, len(ids))
        self.read(ids, 0, places)
        found = []
        for place, token in zip(places, completion, strict=True):
            row = self.logits(place).astype(np.float64)
            top = row.max()
            found.append(row[token] - top - math.log(np.exp(row - top).sum()))
        return found

    def greedy(self, prompt, most):
        self.forget()
        began = time.process_time()
        self.read(prompt, 0, {len(prompt) - 1})
        sampler = llama_cpp.llama_sampler_init_greedy()
        token, drawn, read = llama_cpp.llama_sampler_sample(sampler, self.context, -1), [], time.process_time()
        while True:
            drawn.append(token)
            if len(drawn) == most or llama_cpp.llama_vocab_is_eog(self.vocabulary, token):
                break
            one = (llama_cpp.llama_token * 1)(token)
            if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(one, 1)):
                sys.exit("llama_decode failed")
            token = llama_cpp.llama_sampler_sample(sampler, self.context, -1)
        done = time.process_time()
        llama_cpp.llama_sampler_free(sampler)
        return drawn, [read - began, done - read]

    def ids(self, text):
        data = text.encode()
        room = (llama_cpp.llama_token * (len(data) + 8))()
        n = llama_cpp.llama_tokenize(self.vocabulary, data, len(data), room, len(room), False, True)
        return list(room[:n])


def main():
    job = json.load(sys.stdin)
    model = Model(job["model"], job.get("lora"), job.get("threads", 1))
    answer = {"version": llama_cpp.__version__}
    answer["logprobs"] = [model.score(*item) for item in job.get("score", ())]
    drawn = [model.greedy(*item) for item in job.get("greedy", ())]
    answer["greedy"], answer["seconds"] = [ids for ids, _ in drawn], [seconds for _, seconds in drawn]
    answer["ids"] = [model.ids(text) for text in job.get("texts", ())]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
