#!/usr/bin/env python3
"""gemma3-trained in the quantised containers of other libraries, with golden.json: transformers in float32 on the weights
that the library itself dequantises (activations stay float32).

usage: make_quantised.py [name ...]      (all when no name is given; output in ./<name>/)
Needs transformers 5.23.0, torch, bitsandbytes 0.50.2, mlx[cpu] 0.32.4, compressed-tensors 0.20.0.
"""
import json, os, shutil, sys, warnings
os.environ["HF_HUB_OFFLINE"] = "1"; os.environ["TORCHDYNAMO_DISABLE"] = "1"; os.environ["TRANSFORMERS_VERBOSITY"] = "error"; warnings.filterwarnings("ignore")
import numpy as np, torch, transformers
from safetensors.torch import load_file, save_file
HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.environ.get("BASE", os.path.join(HERE, "gemma3-trained"))
torch.set_num_threads(1)


def linears(weights, embedding=False):
    return [n[:-7] for n, w in weights.items() if n.endswith(".weight") and w.ndim == 2 and (embedding or "embed" not in n)]


def mlx(weights, choose, seed=0):
    """choose(module) -> dict of group_size, bits, mode, or None."""
    import mlx.core as mx
    out, plain, own = dict(weights), dict(weights), {}
    for m in linears(weights, embedding=True):
        how = choose(m)
        if how is None: own[m] = False; continue
        own[m] = how
        w = mx.array(weights[m + ".weight"].float().numpy())
        if how.get("mode", "affine") == "affine": w = w.astype(mx.bfloat16)
        parts = mx.quantize(w, **how)
        wide = parts if parts[1].dtype == mx.uint8 else (parts[0], *[p.astype(mx.float32) for p in parts[1:]])
        plain[m + ".weight"] = torch.from_numpy(np.array(mx.dequantize(*wide, **how).astype(mx.float32)))
        for name, part in zip((".weight", ".scales", ".biases"), parts):
            if part.dtype == mx.bfloat16: t = torch.from_numpy(np.array(part.astype(mx.float32))).bfloat16()
            else: t = torch.from_numpy(np.array(part))
            out[m + name] = t
    return out, plain, own


def make_mlx_affine(weights):
    widths = [(2, 32), (3, 64), (4, 32), (5, 32), (6, 64), (8, 64), None]
    order = {m: i for i, m in enumerate(linears(weights, embedding=True))}
    def choose(m):
        if "embed" in m: return dict(group_size=64, bits=6)
        pick = widths[order[m] % len(widths)]
        return pick and dict(group_size=pick[1], bits=pick[0])
    out, plain, own = mlx(weights, choose)
    default = dict(group_size=64, bits=4)
    settings = default | {m: how for m, how in own.items() if how != default}
    return out, plain, {"quantization": settings, "quantization_config": settings}


def make_mlx_modes(weights):
    modes = [dict(group_size=32, bits=4, mode="mxfp4"), dict(group_size=16, bits=4, mode="nvfp4"), dict(group_size=32, bits=8, mode="mxfp8")]
    order = {m: i for i, m in enumerate(linears(weights))}
    out, plain, own = mlx(weights, lambda m: None if "embed" in m else modes[order[m] % 3])
    return out, plain, {"quantization": modes[0] | {m: how for m, how in own.items() if how != modes[0]}}


def make_bnb(weights, **kw):
    import bitsandbytes.functional as bnb
    from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
    config = transformers.BitsAndBytesConfig(**kw)
    m = transformers.AutoModelForCausalLM.from_pretrained(BASE, quantization_config=config, dtype=torch.float32, device_map="cpu")
    m.save_pretrained("/tmp/make_quantised")
    plain = dict(weights)
    for name, module in m.named_modules():
        w = getattr(module, "weight", None)
        if type(module).__name__ == "Linear4bit":
            # The plain form: the CPU kernel starts a block at each row, also where blocks cross rows (96 columns).
            q = w.quant_state
            absmax = bnb.dequantize_blockwise(q.absmax, q.state2) + q.offset if q.nested else q.absmax
            plain[name + ".weight"] = _dequantize_4bit_compute(
                w.data.reshape(-1), absmax, q.code, q.blocksize, tuple(q.shape), torch.float32)
        elif type(module).__name__ == "Linear8bitLt":
            scb = module.state.SCB if w.SCB is None else w.SCB
            plain[name + ".weight"] = bnb.int8_vectorwise_dequant(w.data, scb).float()
    out = load_file("/tmp/make_quantised/model.safetensors")
    out = {n: (w.bfloat16() if n in weights and w.dtype == torch.float32 else w) for n, w in out.items()}
    return out, plain, {"quantization_config": json.load(open("/tmp/make_quantised/config.json"))["quantization_config"]}


def make_compressed(weights, fmt, **args):
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization.utils import calculate_qparams
    qargs = QuantizationArgs(symmetric=True, **args)
    scheme = QuantizationScheme(targets=["Linear"], weights=qargs, input_activations=None)
    compressor = BaseCompressor.get_value_from_registry(fmt)
    out, plain = dict(weights), dict(weights)
    for m in linears(weights):
        w = out.pop(m + ".weight").float()
        if qargs.strategy == "group": blocks = w.reshape(w.shape[0], -1, qargs.group_size)
        elif qargs.strategy == "channel": blocks = w[:, None]
        else: blocks = w.reshape(1, 1, -1)
        scale, zero = calculate_qparams(blocks.amin(-1), blocks.amax(-1), qargs)
        scale = scale.bfloat16().float()
        if qargs.strategy == "tensor": scale, zero = scale.reshape(1), zero.reshape(1)
        packed = compressor.compress({"weight": w, "weight_scale": scale, "weight_zero_point": zero}, scheme)
        plain[m + ".weight"] = compressor.decompress(dict(packed), scheme)["weight"].float()
        for k, v in packed.items():
            if k != "weight_zero_point": out[m + "." + k] = v.bfloat16() if k == "weight_scale" else v
    config = {"quant_method": "compressed-tensors", "format": fmt, "quantization_status": "compressed", "ignore": ["lm_head"],
              "config_groups": {"group_0": {"targets": ["Linear"], "weights": json.loads(qargs.model_dump_json()), "input_activations": None}}}
    return out, plain, {"quantization_config": config}


def make_fp8_blocks(weights):
    from transformers.integrations.finegrained_fp8 import Fp8Dequantize
    out, plain, (br, bc) = dict(weights), dict(weights), (16, 32)
    dequantise = Fp8Dequantize(None)
    for m in linears(weights):
        w = weights[m + ".weight"].float(); r, c = w.shape[0] // br, w.shape[1] // bc
        blocks = w.reshape(r, br, c, bc)
        inverse = blocks.abs().amax((1, 3)) / 448
        q = (blocks / inverse[:, None, :, None]).to(torch.float8_e4m3fn).reshape(w.shape)
        out[m + ".weight"], out[m + ".weight_scale_inv"] = q, inverse
        plain[m + ".weight"] = dequantise._dequantize_one(q, inverse, torch.float32)
    return out, plain, {"quantization_config": {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [br, bc]}}


VARIANTS = {
    "mlx-affine": make_mlx_affine,
    "mlx-modes": make_mlx_modes,
    "bnb-nf4": lambda w: make_bnb(w, load_in_4bit=True, bnb_4bit_quant_type="nf4"),
    "bnb-fp4-nested": lambda w: make_bnb(w, load_in_4bit=True, bnb_4bit_quant_type="fp4", bnb_4bit_use_double_quant=True),
    "bnb-int8": lambda w: make_bnb(w, load_in_8bit=True),
    "ct-int4-group": lambda w: make_compressed(w, "pack-quantized", num_bits=4, strategy="group", group_size=32),
    "ct-int8-channel": lambda w: make_compressed(w, "pack-quantized", num_bits=8, strategy="channel"),
    "ct-int8-plain": lambda w: make_compressed(w, "int-quantized", num_bits=8, strategy="channel"),
    "ct-fp8-tensor": lambda w: make_compressed(w, "float-quantized", num_bits=8, type="float", strategy="tensor"),
    "ct-fp8-channel": lambda w: make_compressed(w, "float-quantized", num_bits=8, type="float", strategy="channel"),
    "fp8-blocks": make_fp8_blocks,
}


def main():
    out_dir = os.environ.get("OUT", HERE)
    for name in sys.argv[1:] or VARIANTS:
        weights = load_file(os.path.join(BASE, "model.safetensors"))
        stored, plain, extra = VARIANTS[name](weights)
        folder = os.path.join(out_dir, name); shutil.rmtree(folder, ignore_errors=True); os.makedirs(folder)
        config = json.load(open(os.path.join(BASE, "config.json")))
        json.dump(config | extra, open(os.path.join(folder, "config.json"), "w"), indent=1)
        save_file({n: w.contiguous() for n, w in stored.items()}, os.path.join(folder, "model.safetensors"), {"format": "pt"})
        g = json.load(open(os.path.join(BASE, "golden.json")))
        model = transformers.AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32, attn_implementation="eager").eval()
        before = torch.tensor(g["last_logits_f32"])
        missing = model.load_state_dict({n: w.float() for n, w in plain.items()}, strict=False)
        assert not missing.unexpected_keys and set(missing.missing_keys) <= {"lm_head.weight"}, missing
        ids = torch.tensor([g["prompt_ids"]])
        with torch.no_grad():
            last = model(ids).logits[0, -1]
            greedy, cur, gap = [], ids, 9e9
            for _ in range(16):
                top = model(cur).logits[0, -1].topk(2)
                gap = min(gap, float(top.values[0] - top.values[1])); greedy.append(int(top.indices[0]))
                cur = torch.cat([cur, top.indices[None, :1]], 1)
        import peft
        with torch.no_grad(): adapted = peft.PeftModel.from_pretrained(model, os.path.join(HERE, "lora-dora")).eval()(ids).logits[0, -1] if BASE.endswith("gemma3-trained") else []
        golden = {"last_logits_lora_dora_f32": [float(x) for x in adapted], "prompt_ids": g["prompt_ids"], "last_logits_f32": [float(x) for x in last], "greedy16_f32": greedy, "min_top1_top2_gap_f32": gap,
                  "max_abs_vs_base": float((last - before).abs().max())}
        json.dump(golden, open(os.path.join(folder, "golden.json"), "w"), separators=(",", ":"))
        print(name, "vs base", round(golden["max_abs_vs_base"], 3), "gap", round(gap, 3), os.path.getsize(os.path.join(folder, "model.safetensors")))


main()
