extension ConfigurationReader {
    /// The one rotary embedding that all layers of Gemma 1 and 2 share: rope_parameters (transformers 5), or rope_theta
    /// and rope_scaling (4). A rope_scaling that holds anything replaces rope_parameters, and a base inside either wins
    /// over one beside them, as transformers 5.23 has it. Unlike Gemma 3's, these classes still read the old `type`.
    mutating func sharedRoPE() throws -> RoPE {
        let parameters = try object("rope_parameters", nullable: true) ?? JSONObject()
        let scaling = try object("rope_scaling", nullable: true) ?? JSONObject()
        let base = try positiveNumber("rope_theta") ?? 10_000
        let isScaled = !scaling.members.isEmpty
        var reader = ConfigurationReader(
            isScaled ? scaling : parameters, file: file, path: path + (isScaled ? "rope_scaling." : "rope_parameters."))
        return try reader.linearRoPE(defaultBase: base)
    }

    private mutating func linearRoPE(defaultBase: Double) throws -> RoPE {
        // The type first: the keys of another type mean nothing without its name.
        let (newType, oldType) = (try string("rope_type"), try string("type"))
        let typeKey = newType == nil ? "type" : "rope_type", type = newType ?? oldType ?? "default"
        guard type == "default" || type == "linear" else {
            throw fault(typeKey, expected: "default or linear", got: quoted(type))
        }
        if let newType, let oldType, oldType != newType {
            throw fault("type", expected: "the same as rope_type, \(newType)", got: quoted(oldType))
        }
        let base = try positiveNumber("rope_theta") ?? defaultBase
        let factor = try positiveNumber("factor", nullable: true)
        if let rotated = try positiveNumber("partial_rotary_factor", nullable: true), rotated != 1 {
            throw fault("partial_rotary_factor", expected: "1", got: "\(rotated)")
        }
        if let other = keysLeft(besides: []).first {
            throw fault(
                other, expected: "no such key for rope_type default or linear",
                got: object[other]?.summary ?? "nothing")
        }
        guard type == "linear" else {
            guard factor == nil || factor == 1 else {
                throw fault("factor", expected: "none with rope_type default", got: "\(factor ?? 0)")
            }
            return RoPE(base: base)
        }
        guard let factor else { throw fault("factor", expected: "a number above 0", got: "nothing") }
        return RoPE(base: base, factor: factor)
    }
}
