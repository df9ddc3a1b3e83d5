extension Gemma4Configuration {
    /// `rope_parameters` with a part for each kind of layer that occurs; absent, full layers turn a quarter of their
    /// pairs with base 1e6 and sliding layers all with 1e4.
    static func rope(
        _ text: inout ConfigurationReader, kinds: Set<AttentionKind>
    ) throws -> (full: RoPE, sliding: RoPE) {
        let defaults: [AttentionKind: RoPE] = [
            .full: RoPE(base: 1_000_000, rotatedPart: 0.25), .sliding: RoPE(base: 10_000),
        ]
        let parameters = try text.object("rope_parameters", nullable: true)
        if let stray = parameters?.members.first(where: { AttentionKind(rawValue: $0.key) == nil }) {
            throw text.fault(
                "rope_parameters.\(stray.key)", expected: "no key besides full_attention and sliding_attention",
                got: stray.value.summary)
        }
        func rope(_ kind: AttentionKind) throws -> RoPE {
            guard let parameters, kinds.contains(kind) else { return defaults[kind] ?? RoPE(base: 10_000) }
            var reader = ConfigurationReader(parameters, file: text.file, path: text.path + "rope_parameters.")
            guard let part = try reader.object(kind.rawValue) else {
                throw reader.fault(kind.rawValue, expected: "an object, for the layers of this kind", got: "nothing")
            }
            return try Self.rope(part, file: text.file, path: reader.path + kind.rawValue + ".")
        }
        return (try rope(.full), try rope(.sliding))
    }

    /// One kind's part: rope_type default, linear (a factor) or proportional (a factor and the part of pairs that turn).
    private static func rope(_ object: JSONObject, file: String, path: String) throws -> RoPE {
        var reader = ConfigurationReader(object, file: file, path: path)
        // The type first: the keys of another type mean nothing without its name. `type` is its old name.
        let oldType = try reader.string("type"), type = try reader.string("rope_type") ?? oldType ?? "default"
        guard ["default", "linear", "proportional"].contains(type) else {
            throw reader.fault("rope_type", expected: "default, linear or proportional", got: quoted(type))
        }
        if let oldType, oldType != type {
            throw reader.fault("type", expected: "the same as rope_type, \(type)", got: quoted(oldType))
        }
        guard let base = try reader.positiveNumber("rope_theta") else {
            throw reader.fault("rope_theta", expected: "a number above 0", got: "nothing")
        }
        let factor = try reader.positiveNumber("factor")
        let part = try reader.part("partial_rotary_factor")
        if let other = reader.keysLeft(besides: []).first {
            throw reader.fault(
                other, expected: "no such key for rope_type \(type)", got: object[other]?.summary ?? "nothing")
        }
        if type == "linear", factor == nil {
            throw reader.fault("factor", expected: "a number above 0", got: "nothing")
        }
        if type == "default", let factor, factor != 1 {
            throw reader.fault("factor", expected: "none with rope_type default", got: "\(factor)")
        }
        // The class turns all pairs of rope_type default whatever this key says, and fails for linear.
        if type != "proportional", let part, part != 1 {
            throw reader.fault("partial_rotary_factor", expected: "1 with rope_type \(type)", got: "\(part)")
        }
        return RoPE(base: base, factor: factor ?? 1, rotatedPart: part ?? 1)
    }
}

extension ConfigurationReader {
    /// A number from 0 to 1.
    fileprivate mutating func part(_ key: String) throws -> Double? {
        if let value = raw(key), value == .integer(0) || value == .number(0) { return 0 }
        guard let part = try positiveNumber(key) else { return nil }
        guard part <= 1 else { throw fault(key, expected: "a number from 0 to 1", got: "\(part)") }
        return part
    }
}
