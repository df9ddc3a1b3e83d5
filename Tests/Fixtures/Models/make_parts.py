#!/usr/bin/env python3
"""Tiny models that do not run alone: a drafter in both of its forms, vision towers, and a tower in GGUF.

usage: make_parts.py      (output in ./drafter*/, ./tower-*/ and ../GGUF/mmproj-tiny.gguf; needs torch, transformers, gguf)
"""
import os, shutil, warnings
os.environ["HF_HUB_OFFLINE"] = "1"; os.environ["TRANSFORMERS_VERBOSITY"] = "error"; warnings.filterwarnings("ignore")
import gguf, numpy, torch, transformers

HERE = os.path.dirname(os.path.abspath(__file__))
S, F = "sliding_attention", "full_attention"
# 5.23 refuses what its own assistant classes demand: that every layer reads keys and values from elsewhere.
for text in (transformers.Gemma4TextConfig, transformers.Gemma4UnifiedTextConfig):
    text.kv_sharing_modes = property(lambda config: ["reuse"] * config.num_hidden_layers)


@torch.no_grad()
def save(name, model, seed, tokenizer=False):
    out = os.path.join(HERE, name); shutil.rmtree(out, ignore_errors=True)
    g = torch.Generator().manual_seed(seed)
    for key, p in sorted(model.named_parameters()):
        p.copy_(torch.empty(p.shape).normal_(1.0 if p.dim() == 1 and "norm" in key else 0.0, 0.1, generator=g))
    for key, b in model.named_buffers():
        if key.endswith("token_ordering"): b.copy_(torch.randperm(len(b), generator=g))
        if key.endswith("layer_scalar"): b.fill_(0.9)
    model.to(torch.bfloat16).save_pretrained(out)
    if tokenizer:
        for part in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(os.path.join(HERE, "gemma4-ple", part), out)
    print(name, os.path.getsize(os.path.join(out, "model.safetensors")))


def drafter(unified):
    common = dict(vocab_size=512, hidden_size=48, intermediate_size=96, num_attention_heads=4, num_key_value_heads=1,
                  head_dim=16, global_head_dim=32, num_hidden_layers=4, layer_types=[S, S, S, F], sliding_window=8,
                  num_kv_shared_layers=4, max_position_embeddings=512)
    if unified:
        text = transformers.Gemma4UnifiedTextConfig(**common)
        whole, cls = transformers.Gemma4UnifiedAssistantConfig, transformers.Gemma4UnifiedAssistantForCausalLM
    else:
        text = transformers.Gemma4TextConfig(hidden_size_per_layer_input=0, vocab_size_per_layer_input=0, **common)
        whole, cls = transformers.Gemma4AssistantConfig, transformers.Gemma4AssistantForCausalLM
    return cls(whole(text_config=text, backbone_hidden_size=64, use_ordered_embeddings=not unified,
                     num_centroids=32, centroid_intermediate_top_k=4))


def mmproj(path):
    """Names and keys as llama.cpp's conversion of a Gemma 3 wrapper writes them."""
    w = gguf.GGUFWriter(path, "clip")
    w.add_type("mmproj"); w.add_name("tiny")
    w.add_bool("clip.has_vision_encoder", True); w.add_string("clip.projector_type", "gemma3")
    for key, value in dict(image_size=32, patch_size=8, embedding_length=32, feed_forward_length=48, block_count=2,
                           projection_dim=64).items(): w.add_uint32("clip.vision." + key, value)
    w.add_uint32("clip.vision.attention.head_count", 2)
    w.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    g = numpy.random.default_rng(3)
    add = lambda name, *shape, kind=numpy.float16: w.add_tensor(name, g.normal(0, 0.1, shape).astype(kind))
    add("v.patch_embd.weight", 32, 3, 8, 8); add("v.patch_embd.bias", 32, kind=numpy.float32)
    add("v.position_embd.weight", 16, 32)
    for i in range(2):
        for n in ("attn_q", "attn_k", "attn_v", "attn_out"):
            add(f"v.blk.{i}.{n}.weight", 32, 32); add(f"v.blk.{i}.{n}.bias", 32, kind=numpy.float32)
        add(f"v.blk.{i}.ffn_up.weight", 48, 32); add(f"v.blk.{i}.ffn_up.bias", 48, kind=numpy.float32)
        add(f"v.blk.{i}.ffn_down.weight", 32, 48); add(f"v.blk.{i}.ffn_down.bias", 32, kind=numpy.float32)
        for n in ("ln1", "ln2"):
            for part in ("weight", "bias"): add(f"v.blk.{i}.{n}.{part}", 32, kind=numpy.float32)
    for part in ("weight", "bias"): add(f"v.post_ln.{part}", 32, kind=numpy.float32)
    add("mm.input_projection.weight", 32, 64); add("mm.soft_emb_norm.weight", 32, kind=numpy.float32)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


save("drafter", drafter(False), 1, tokenizer=True)
save("drafter-unified", drafter(True), 2)
save("tower-siglip", transformers.SiglipVisionModel(transformers.SiglipVisionConfig(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8,
    vision_use_head=False)), 3)
save("tower-gemma4", transformers.AutoModel.from_config(transformers.Gemma4VisionConfig(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
    head_dim=16, patch_size=4, position_embedding_size=16, pooling_kernel_size=2)), 4)
mmproj(os.path.join(HERE, "..", "GGUF", "mmproj-tiny.gguf"))
