extension Gemma3Configuration {
    /// rope_parameters (transformers 5) or rope_theta, rope_local_base_freq and rope_scaling (4), or both: scaling
    /// applies to full layers only, and a base inside rope_parameters wins over one beside it.
    static func rope(_ text: inout ConfigurationReader) throws -> (full: RoPE, sliding: RoPE) {
        let parameters = try text.object("rope_parameters", nullable: true)
        let scaling = try text.object("rope_scaling", nullable: true)
        let fullBase = try text.positiveNumber("rope_theta") ?? 1_000_000
        let slidingBase = try text.positiveNumber("rope_local_base_freq") ?? 10_000
        let strays = (parameters?.members ?? []).filter { AttentionKind(rawValue: $0.key) == nil }
        if let stray = strays.first(where: { $0.key == "rope_type" }) ?? strays.first {
            throw text.fault(
                "rope_parameters.\(stray.key)", expected: "no key besides full_attention and sliding_attention",
                got: stray.value.summary)
        }
        func part(_ kind: AttentionKind) throws -> JSONObject {
            guard let parameters else { return JSONObject() }
            var reader = ConfigurationReader(parameters, file: text.file, path: text.path + "rope_parameters.")
            return try reader.object(kind.rawValue, nullable: true) ?? JSONObject()
        }
        let scaled = scaling?.members ?? [], scaledKeys = Set(scaled.map { Array($0.key.utf8) })
        let full = JSONObject(try part(.full).members.filter { !scaledKeys.contains(Array($0.key.utf8)) } + scaled)
        let fullPath = scaling == nil ? "rope_parameters.full_attention." : "rope_scaling."
        return (
            try rope(full, defaultBase: fullBase, file: text.file, path: text.path + fullPath),
            try rope(
                try part(.sliding), defaultBase: slidingBase, file: text.file,
                path: text.path + "rope_parameters.sliding_attention.")
        )
    }

    private static func rope(
        _ object: JSONObject, defaultBase: Double, file: String, path: String
    ) throws -> RoPE {
        var reader = ConfigurationReader(object, file: file, path: path)
        // The type first: the keys of another type mean nothing without its name.
        let type = try reader.string("rope_type")
        if let type, type != "default", type != "linear" {
            throw reader.fault("rope_type", expected: "default or linear", got: quoted(type))
        }
        // transformers 4 read `type`; 5.23 silently computes `default` for Gemma 3 when only `type` is there.
        if let oldType = try reader.string("type"), oldType != type ?? "default" {
            throw reader.fault("type", expected: "the same as rope_type, \(type ?? "default")", got: quoted(oldType))
        }
        let base = try reader.positiveNumber("rope_theta") ?? defaultBase
        let factor = try reader.positiveNumber("factor", nullable: true)
        if let rotated = try reader.positiveNumber("partial_rotary_factor", nullable: true), rotated != 1 {
            throw reader.fault("partial_rotary_factor", expected: "1", got: "\(rotated)")
        }
        if let other = reader.keysLeft(besides: []).first {
            throw reader.fault(
                other, expected: "no such key for rope_type default or linear",
                got: reader.object[other]?.summary ?? "nothing")
        }
        guard type == "linear" else {
            guard factor == nil || factor == 1 else {
                throw reader.fault("factor", expected: "none with rope_type default", got: "\(factor ?? 0)")
            }
            return RoPE(base: base, factor: 1)
        }
        guard let factor else { throw reader.fault("factor", expected: "a number above 0", got: "nothing") }
        return RoPE(base: base, factor: factor)
    }
}
