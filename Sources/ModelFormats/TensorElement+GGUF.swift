extension TensorElement {
    /// ggml's types by id; 4, 5, 31 to 33 and 36 to 38 once were others.
    private static let ggml: [UInt32: TensorElement] = [
        0: .f32, 1: .f16, 2: .q4_0, 3: .q4_1, 6: .q5_0, 7: .q5_1, 8: .q8_0, 10: .q2K, 11: .q3K, 12: .q4K, 13: .q5K,
        14: .q6K, 20: .iq4NL, 23: .iq4XS, 24: .i8, 25: .i16, 26: .i32, 27: .i64, 28: .f64, 30: .bf16,
    ]
    private static let ggmlUnread: [UInt32: String] = [
        9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S", 22: "IQ2_S",
        29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0", 42: "Q2_0",
    ]
    private static let ggmlRemoved: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8",
        38: "IQ4_NL_8_8",
    ]

    /// The type of a tensor info. Types that are not read are `unsupported`, by name.
    init(reading cursor: inout GGUFCursor, tensor: String) throws {
        let start = cursor.offset, id = try cursor.integer(UInt32.self, "type of \(tensor)")
        if let known = Self.ggml[id] {
            self = known
            return
        }
        func unsupported(_ type: String, _ reason: String) -> ModelFormatError {
            .unsupported(file: cursor.file.name, what: "type \(type) of \(tensor)", reason: reason)
        }
        if let name = Self.ggmlUnread[id] { throw unsupported(name, "its blocks are not computed here") }
        if let name = Self.ggmlRemoved[id] { throw unsupported(name, "ggml has removed this type") }
        // New types get the next number; anything far beyond is damage.
        guard id < 256 else {
            throw cursor.fault("type of \(tensor)", at: start, expected: "the id of a ggml type", got: "\(id)")
        }
        throw unsupported("\(id)", "no type of this number is known here")
    }
}
