#!/usr/bin/env python3
"""Random texts with the ids that `tokenizers` 0.23 gives them, and random ids with the text it gives back, for the
tokenizer.json files beside this script; for the GGUF vocabularies beside it the ids that llama.cpp gives.
usage: make_goldens.py [COUNT [SEED [OUT]]]    (2000, 1, goldens.json)
       For a wider check: make_goldens.py 10000 7 /tmp/wide.json, then TOKENIZER_GOLDENS=/tmp/wide.json swift test ...
       make_goldens.py --gguf FILE.gguf OUT.json    writes the vocabulary of a GGUF file as JSON
LLAMA_PYTHON names a Python that has llama_cpp, GGUF_DIRECTORY the folder of gemma3-f16.gguf and gemma4-dense-f16.gguf."""
import json, os, subprocess, sys
from random_texts import random_ids, random_texts

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ["gemma", "gemma4"]
LLAMA = """
import json, sys, llama_cpp
texts, files = json.load(sys.stdin)
models = [llama_cpp.Llama(f, vocab_only=True, verbose=False) for f in files]
print(json.dumps([[m.tokenize(t.encode(), add_bos=True, special=True) for t in texts] for m in models]))
"""


def vocabulary(path):
    import gguf
    fields = gguf.GGUFReader(path).fields
    def value(key): return fields[key].contents() if (key := "tokenizer.ggml." + key) in fields else None
    return {key: value(key) for key in ("model", "tokens", "scores", "token_type", "merges", "bos_token_id", "eos_token_id",
                                        "unknown_token_id", "padding_token_id", "add_bos_token", "add_space_prefix")}


def main(count, seed, out):
    from tokenizers import Tokenizer
    tokenizers = [Tokenizer.from_file(os.path.join(HERE, name + ".json")) for name in NAMES]
    pieces = [p for t in tokenizers for p, _ in sorted(t.get_vocab().items(), key=lambda entry: entry[1])]
    texts = random_texts(seed, count, pieces)
    ids = random_ids(seed + 1, count // 10, len(pieces) // len(NAMES))
    result = {"texts": texts, "ids": ids, "tokenizers": {}}
    for name, tokenizer in zip(NAMES, tokenizers):
        result["tokenizers"][name] = {
            "encoded": [" ".join(map(str, e.ids)) for e in tokenizer.encode_batch(texts)],
            "decoded": [tokenizer.decode(i, skip_special_tokens=False) for i in ids],
            "decoded_without_special": [tokenizer.decode(i, skip_special_tokens=True) for i in ids]}
    files = [os.path.join(os.environ["GGUF_DIRECTORY"], f) for f in ("gemma3-f16.gguf", "gemma4-dense-f16.gguf")]
    done = subprocess.run([os.environ["LLAMA_PYTHON"], "-c", LLAMA], input=json.dumps([texts, files]), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    # Only where llama.cpp differs from the file that the GGUF was converted from, <bos> aside.
    for name, tokenizer, got in zip(NAMES, tokenizers, json.loads(done.stdout)):
        plain = [[2] + e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
        result["tokenizers"][name]["gguf_differs"] = {
            str(i): " ".join(map(str, g)) for i, (g, p) in enumerate(zip(got, plain)) if g != p}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, separators=(",", ":"))
    print(out, os.path.getsize(out), "bytes")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--gguf"]:
        json.dump(vocabulary(sys.argv[2]), open(sys.argv[3], "w", encoding="utf-8"), ensure_ascii=False)
    else:
        arguments = sys.argv[1:] + ["2000", "1", os.path.join(HERE, "goldens.json")][len(sys.argv) - 1:]
        main(int(arguments[0]), int(arguments[1]), arguments[2])
