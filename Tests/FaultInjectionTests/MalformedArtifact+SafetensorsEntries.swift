extension MalformedArtifact {
    /// The entries of tensors.
    static let safetensorsEntries = [
        c("an entry that is a number", "model.safetensors, tensor a: entry expected an object, got number") {
            try $0.header { "{\"a\":1," + $0.dropFirst() }
        },
        c("an entry that is empty", "model.safetensors, tensor a: dtype expected to be present, got nothing") {
            try $0.header { "{\"a\":{}," + $0.dropFirst() }
        },
        c(
            "an entry with an unknown key",
            "model.safetensors, tensor model.embed_tokens.weight: fields expected dtype, shape and data_offsets, "
                + "got \"colour\""
        ) {
            try $0.header(replacing: "{\"dtype\":", with: "{\"colour\":1,\"dtype\":")
        },
        c(
            "an entry without a type",
            "model.safetensors, tensor model.embed_tokens.weight: dtype expected to be present, got nothing"
        ) { try $0.header(replacing: "\"dtype\":\"BF16\",", with: "") },
        c(
            "a type that is not known",
            "model.safetensors, tensor model.embed_tokens.weight: dtype expected one of BOOL, F4, F6_E2M3, F6_E3M2, "
                + "U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64, C64, got "
                + "\"BF17\""
        ) { try $0.header(replacing: "\"BF16\"", with: "\"BF17\"") },
        c(
            "a type that is a number",
            "model.safetensors, tensor model.embed_tokens.weight: dtype expected a string, got number"
        ) { try $0.header(replacing: "\"BF16\"", with: "16") },
        c(
            "a type of GGUF",
            "model.safetensors, tensor model.embed_tokens.weight: dtype expected one of BOOL, F4, F6_E2M3, F6_E3M2, "
                + "U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64, C64, got "
                + "\"Q4_0\""
        ) { try $0.header(replacing: "\"BF16\"", with: "\"Q4_0\"") },
        c(
            "an entry without a shape",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected to be present, got nothing"
        ) { try $0.header(replacing: "\"shape\":[512,64],", with: "") },
        c(
            "a shape that is a number",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected a list, got number"
        ) { try $0.header(replacing: "\"shape\":[512,64]", with: "\"shape\":32768") },
        c(
            "a shape with a fraction",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected whole numbers from 0 on, got 64.5"
        ) {
            try $0.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[512,64.5]")
        },
        c(
            "a shape with a text",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected whole numbers, got string"
        ) {
            try $0.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[\"512\",64]")
        },
        c(
            "a negative dimension",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected whole numbers from 0 on, got -512"
        ) { try $0.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[-512,-64]") },
        c(
            "a shape nested 65 deep",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected whole numbers, got array"
        ) {
            try $0.header(
                replacing: "\"shape\":[512,64]", with: "\"shape\":" + String(repeating: "[", count: 65) + "512")
        },
        c(
            "a shape that overflows",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected a number of bytes that can be "
                + "counted, got [4294967296, 4294967296, 4294967296]"
        ) {
            try $0.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[4294967296,4294967296,4294967296]")
        },
        c(
            "a shape of 2^63 numbers",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected a number of bytes that can be "
                + "counted, got [9223372036854775807]"
        ) {
            try $0.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[9223372036854775807]")
        },
        c(
            "a shape of 17 dimensions",
            "model.safetensors, tensor model.embed_tokens.weight: shape expected at most 16 numbers, got more"
        ) {
            try $0.header(
                replacing: "\"shape\":[512,64]", with: "\"shape\":[512,64" + String(repeating: ",1", count: 15) + "]")
        },
        c(
            "a shape of other numbers",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected 64512 bytes for BF16 [512, "
                + "63], got 65536"
        ) {
            try $0.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[512,63]")
        },
        c(
            "an entry without offsets",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected to be present, got nothing"
        ) {
            try $0.header { $0.replacing(#/,"data_offsets":\[0,65536\]/#, with: "") }
        },
        c(
            "a negative offset",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected whole numbers from 0 on, got -1"
        ) {
            try $0.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[-1,65536]")
        },
        c(
            "offsets in reverse",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected begin <= end <= 486912, "
                + "what the file holds, got [65536, 0]"
        ) {
            try $0.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[65536,0]")
        },
        c(
            "three offsets",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected at most 2 numbers, got more"
        ) {
            try $0.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[0,1,65536]")
        },
        c(
            "offsets beyond the file",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected begin <= end <= 486912, "
                + "what the file holds, got [0, 9223372036854775807]"
        ) {
            try $0.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[0,9223372036854775807]")
        },
        c(
            "offsets of 2^64",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected whole numbers from 0 on, "
                + "got 1.8446744073709552e+19"
        ) {
            try $0.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[0,18446744073709551616]")
        },
        c(
            "an offset that is a text",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected whole numbers, got string"
        ) {
            try $0.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[\"0\",65536]")
        },
        c(
            "a gap between tensors",
            "model.safetensors, tensor model.embed_tokens.weight: data_offsets expected to begin at 0, where the "
                + "tensor before it ends, got 2"
        ) { folder in
            try folder.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[2,65536]")
            try folder.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[32767]")
        },
        c(
            "tensors that overlap",
            "model.safetensors, tensor model.layers.0.input_layernorm.weight: data_offsets expected to begin at "
                + "65538, where the tensor before it ends, got 65536"
        ) { folder in
            try folder.header(replacing: "\"data_offsets\":[0,65536]", with: "\"data_offsets\":[0,65538]")
            try folder.header(replacing: "\"shape\":[512,64]", with: "\"shape\":[32769]")
        },
    ]

    private static func c(
        _ name: String, _ finding: String, _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, .inspection(.safetensorsHeader), "failed", finding, damage)
    }

    private static let file = "model.safetensors"
}
