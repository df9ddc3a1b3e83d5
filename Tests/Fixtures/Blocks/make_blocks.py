#!/usr/bin/env python3
"""Quantised blocks with their values, for testing dequantisers: blocks.json.
Blocks come from libggml's own quantiser (real data) and from random bytes (every bit pattern); the expected
values come from libggml's to_float. Checked against dequant.py and against the gguf package.
usage: LLAMA_BIN=/path/to/build/bin make_blocks.py"""
import ctypes as C, json, os, struct
import numpy as np, gguf
from dequant import TYPES
B = os.environ["LLAMA_BIN"]  # folder of llama-quantize and friends
lib = C.CDLL(os.path.join(B, "libggml-base.so"))
class Traits(C.Structure):
    _fields_ = [("name", C.c_char_p), ("blck", C.c_int64), ("inter", C.c_int64), ("size", C.c_size_t), ("quant", C.c_bool),
                ("to_float", C.CFUNCTYPE(None, C.c_void_p, C.c_void_p, C.c_int64)), ("from_float", C.c_void_p)]
lib.ggml_get_type_traits.restype = C.POINTER(Traits)
lib.ggml_quantize_chunk.restype = C.c_size_t
lib.ggml_quantize_chunk.argtypes = [C.c_int, C.c_void_p, C.c_void_p, C.c_int64, C.c_int64, C.c_int64, C.c_void_p]
lib.ggml_quantize_init.argtypes = [C.c_int]

def to_float(tid, raw, n):
    out = np.empty(n, np.float32); buf = C.create_string_buffer(bytes(raw), len(raw))
    lib.ggml_get_type_traits(tid).contents.to_float(buf, out.ctypes.data, n)
    return out

rng = np.random.default_rng(7)
res = {}
for name, (tid, blk, size, fn) in TYPES.items():
    tr = lib.ggml_get_type_traits(tid).contents
    assert (tr.blck, tr.size) == (blk, size), (name, tr.blck, tr.size)
    n = max(blk * 2, 256)
    src = (rng.standard_normal(n) * np.repeat(rng.uniform(0.01, 0.3, n // 32), 32)).astype(np.float32)
    dst = C.create_string_buffer(n // blk * size)
    lib.ggml_quantize_init(tid)
    lib.ggml_quantize_chunk(tid, src.ctypes.data, dst, 0, 1, n, None)
    real = dst.raw
    k = 2 if blk == 256 else 4
    rnd = bytearray(rng.integers(0, 256, k * size, dtype=np.uint8).tobytes())
    # keep the half-precision scales finite and modest
    offs = {"Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "Q4_1": [0, 2], "Q5_1": [0, 2]}.get(name, [0])
    for i in range(k):
        for o in offs:
            if name == "MXFP4": rnd[i * size] = 118 + i * 3
            else: struct.pack_into("<e", rnd, i * size + o, float(rng.uniform(-0.05, 0.05)))
    rows = []
    for label, raw in (("quantised", real), ("random", bytes(rnd))):
        m = len(raw) // size * blk
        want = to_float(tid, raw, m)
        mine = np.array([x for j in range(0, len(raw), size) for x in fn(raw[j:j + size])], np.float64)
        rel = np.abs(mine - want).max() / max(np.abs(want).max(), 1e-30)
        py = gguf.quants.dequantize(np.frombuffer(raw, np.uint8), gguf.GGMLQuantizationType(tid)).reshape(-1)
        assert np.array_equal(py.astype(np.float32), want) or np.abs(py - want).max() <= 1e-6 * np.abs(want).max(), name
        assert rel < 2e-7, (name, label, rel)
        rows.append({"source": label, "hex": raw.hex(), "f32_hex": want.astype("<f4").tobytes().hex(),
                     "max_rel_of_exact_formula": float(rel), "max_rel_of_gguf_py": float(np.abs(py - want).max() / np.abs(want).max())})
    rmse = float(np.sqrt(np.mean((to_float(tid, real, n) - src) ** 2)) / np.sqrt(np.mean(src ** 2)))
    res[name] = {"ggml_type": tid, "block_elements": blk, "block_bytes": size, "bits_per_weight": size * 8 / blk,
                 "relative_rmse_on_gaussian": round(rmse, 5), "cases": rows}
    print(f"{name:7s} id {tid:2d} blk {blk:3d} bytes {size:3d} bpw {size*8/blk:.4f} rel.rmse {rmse:.4f}  formula vs ggml {max(r['max_rel_of_exact_formula'] for r in rows):.1e}  gguf-py vs ggml {max(r['max_rel_of_gguf_py'] for r in rows):.1e}")
json.dump(res, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "blocks.json"), "w"), separators=(",", ":"))
