internal import CGemmaKernels
internal import ModelFormats

extension MappedWeights {
    /// A matrix stored as codes and scales, all in the mapping.
    func matrix(_ quantised: QuantisedMatrix) throws(InferenceError) -> Matrix {
        func start(_ tensor: Tensor) throws(InferenceError) -> UnsafePointer<UInt8>? {
            try bytes(tensor).baseAddress?.assumingMemoryBound(to: UInt8.self)
        }
        var groups = gemma_groups()
        let codes = try bytes(quantised.codes), rowBytes = codes.count / max(1, quantised.rows)
        groups.codes = codes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        (groups.rows, groups.columns, groups.row_bytes) = (quantised.rows, quantised.columns, rowBytes)
        switch quantised.packing {
        case .stream(let bits): groups.bits = UInt32(bits)
        case .highNibbleFirst: (groups.bits, groups.high_nibble_first) = (4, true)
        }
        switch quantised.values {
        case .unsigned(let offset): (groups.code, groups.offset) = (gemma_code_unsigned, Float(offset))
        case .signed: groups.code = gemma_code_signed
        case .e2m1: groups.code = gemma_code_e2m1
        case .e4m3: groups.code = gemma_code_e4m3
        case .table(let table): (groups.code, groups.table) = (gemma_code_table, try start(table))
        }
        groups.scales = try start(quantised.scales)
        if let biases = quantised.biases { groups.biases = try start(biases) }
        switch quantised.scaleElement {
        case .f16: groups.scale = gemma_scale_f16
        case .bf16: groups.scale = gemma_scale_bf16
        case .f8e8m0: groups.scale = gemma_scale_e8m0
        case .f8e4m3: groups.scale = gemma_scale_e4m3
        default: groups.scale = gemma_scale_f32
        }
        groups.factor = Float(quantised.factor)
        (groups.group, groups.group_rows) = (quantised.group, quantised.groupRows)
        groups.groups_cross_rows = quantised.groupsCrossRows
        if let nested = quantised.nested {
            groups.scale = gemma_scale_nested
            (groups.map, groups.absmax) = (try start(nested.map), try start(nested.absmax))
            (groups.nested_block, groups.nested_offset) = (nested.block, Float(nested.offset))
        }
        // F32 stands for no type here: products and look-ups take `groups`.
        let stored = gemma_matrix(
            values: codes.baseAddress, element: gemma_f32, rows: quantised.rows, columns: quantised.columns,
            row_bytes: rowBytes)
        return Matrix(stored: stored, mapping: released(quantised.codes), groups: groups)
    }
}
