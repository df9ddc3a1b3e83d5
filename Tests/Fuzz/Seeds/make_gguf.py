#!/usr/bin/env python3
"""Small sound GGUF files of each architecture beside this script: one layer, hidden 4, 262 pieces. Seeds for FuzzGGUF."""
import os, struct
HERE = os.path.dirname(os.path.abspath(__file__))
def string(s): b = s.encode(); return struct.pack("<Q", len(b)) + b
def u32(v): return struct.pack("<II", 4, v)
def f32(v): return struct.pack("<If", 6, v)
def text(s): return struct.pack("<I", 8) + string(s)
def array(kind, packed, n): return struct.pack("<IIQ", 9, kind, n) + packed
def flags(v): return array(7, bytes(v), len(v))
def f32s(v): return array(6, struct.pack(f"<{len(v)}f", *v), len(v))
def i32s(v): return array(5, struct.pack(f"<{len(v)}i", *v), len(v))
def texts(v): return array(8, b"".join(map(string, v)), len(v))

def write(arch, extra, tensors):
    pieces = ["<unk>", "<bos>", "<eos>"] + [f"<0x{b:02X}>" for b in range(256)] + ["a", "b", "ab"]
    kinds = [2, 3, 3] + [6] * 256 + [1] * 3
    keys = {"general.architecture": text(arch), f"{arch}.block_count": u32(1), f"{arch}.context_length": u32(64),
            f"{arch}.embedding_length": u32(4), f"{arch}.feed_forward_length": u32(4), f"{arch}.attention.head_count": u32(1),
            f"{arch}.attention.head_count_kv": u32(1), f"{arch}.attention.key_length": u32(4), f"{arch}.attention.value_length": u32(4),
            f"{arch}.attention.layer_norm_rms_epsilon": f32(1e-6), **{f"{arch}.{k}": v for k, v in extra.items()},
            "tokenizer.ggml.model": text("gemma4" if arch == "gemma4" else "llama"), "tokenizer.ggml.tokens": texts(pieces),
            "tokenizer.ggml.token_type": i32s(kinds), "tokenizer.ggml.scores": f32s([0.0] * 259 + [-3, -3, -1]),
            "tokenizer.ggml.merges": texts(["a b"]), "tokenizer.ggml.bos_token_id": u32(1), "tokenizer.ggml.eos_token_id": u32(2)}
    square = [4, 4]
    all = {"token_embd.weight": [4, 262], "output_norm.weight": [4]}
    for n in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]: all[f"blk.0.{n}.weight"] = square
    for n in ["attn_norm", "ffn_norm"] + tensors.pop("norms", []): all[f"blk.0.{n}.weight"] = [4]
    all.update(tensors)
    out = b"GGUF" + struct.pack("<IQQ", 3, len(all), len(keys)) + b"".join(string(k) + v for k, v in keys.items())
    data = b""
    for name, shape in all.items():
        values = [1.0, 1e30] if name == "rope_freqs.weight" else [0.5] * __import__("math").prod(shape)
        out += string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += struct.pack(f"<{len(values)}f", *values); data += bytes(-len(data) % 32)
    open(os.path.join(HERE, arch + ".gguf"), "wb").write(out + bytes(-len(out) % 32) + data)

NORMS = ["post_attention_norm", "post_ffw_norm"]; QK = NORMS + ["attn_q_norm", "attn_k_norm"]
write("gemma", {}, {})
write("gemma2", {"attention.sliding_window": u32(8), "attn_logit_softcapping": f32(50)}, {"norms": list(NORMS)})
write("gemma3", {"attention.sliding_window": u32(8), "rope.scaling.type": text("linear"), "rope.scaling.factor": f32(8)}, {"norms": list(QK)})
write("gemma3n", {"attention.sliding_window": u32(8), "attention.sliding_window_pattern": flags([1]), "attention.shared_kv_layers": u32(0),
                  "activation_sparsity_scale": f32s([1.6448536]), "altup.num_inputs": u32(2), "altup.active_idx": u32(0),
                  "embedding_length_per_layer_input": u32(4)},
      {"norms": QK + ["post_norm", "laurel_post_norm", "altup_router_norm", "altup_correct_scale"], "altup_proj.weight": [4, 4, 1],
       "altup_unembd_proj.weight": [4, 4, 1], "per_layer_token_embd.weight": [4, 262], "per_layer_model_proj.weight": [4, 4],
       "per_layer_proj_norm.weight": [4], "blk.0.inp_gate.weight": [4, 4], "blk.0.proj.weight": [4, 4], "blk.0.laurel_l.weight": [4, 2],
       "blk.0.laurel_r.weight": [2, 4], "blk.0.altup_router.weight": [4, 2], "blk.0.altup_predict_coef.weight": [2, 4],
       "blk.0.altup_correct_coef.weight": [2, 2]})
write("gemma4", {"attention.sliding_window": u32(8), "attention.sliding_window_pattern": flags([0]), "attention.key_length_swa": u32(4),
                 "attention.value_length_swa": u32(4), "attention.shared_kv_layers": u32(0), "embedding_length_per_layer_input": u32(0),
                 "expert_count": u32(2), "expert_used_count": u32(1), "expert_feed_forward_length": u32(4)},
      {"norms": QK + ["post_ffw_norm_1", "post_ffw_norm_2", "pre_ffw_norm_2"], "rope_freqs.weight": [2], "blk.0.layer_output_scale.weight": [1],
       "blk.0.ffn_gate_inp.weight": [4, 2], "blk.0.ffn_gate_inp.scale": [4], "blk.0.ffn_gate_up_exps.weight": [4, 8, 2],
       "blk.0.ffn_down_exps.weight": [4, 4, 2], "blk.0.ffn_down_exps.scale": [2]})
