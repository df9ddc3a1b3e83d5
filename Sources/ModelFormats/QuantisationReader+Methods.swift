extension QuantisationReader {
    /// MLX: X.weight U32, X.scales and (mode affine) X.biases [rows, columns / group]; config.json has bits, group_size and
    /// mode, and under a module's path its own.
    func mlx(_ module: String, _ tensor: Tensor) throws -> QuantisedMatrix? {
        guard tensor.element == .u32, tensors[module + ".scales"] != nil else { return nil }
        var reader = ConfigurationReader(
            settings[module]?.object ?? settings, file: GemmaConfiguration.path, path: method.evidence + ".")
        let mode = try reader.string("mode", nullable: true) ?? "affine"
        let (bits, group): (Int, Int)
        switch mode {
        case "affine": (bits, group) = (4, 64)
        case "mxfp4": (bits, group) = (4, 32)
        case "nvfp4": (bits, group) = (4, 16)
        case "mxfp8": (bits, group) = (8, 32)
        default: throw refuse(tensor, "mode \(quoted(mode)), this build computes affine, mxfp4, nvfp4 and mxfp8")
        }
        let stated = (
            try reader.integer("bits", in: 1...32) ?? bits, try reader.integer("group_size", in: 1...4096) ?? group
        )
        guard [2, 3, 4, 5, 6, 8].contains(stated.0), mode == "affine" || stated == (bits, group) else {
            throw refuse(tensor, "mode \(mode) with \(stated.0) bits in groups of \(stated.1)")
        }
        let (rows, words) = try dimensions(tensor), columns = try columns(tensor, words: words, bits: stated.0)
        let isAffine = mode == "affine"
        let scales = try part(module + ".scales", of: tensor, isAffine ? Self.floats : [.u8])
        let biases = isAffine ? try part(module + ".biases", of: tensor, Self.floats) : nil
        for part in [scales] + (biases.map { [$0] } ?? []) where part.shape != [rows, columns / stated.1] {
            throw fault(part, "[\(rows), \(columns / stated.1)], groups of \(stated.1)", "\(part.shape)")
        }
        guard columns % stated.1 == 0, biases?.element ?? scales.element == scales.element else {
            throw fault(tensor, "whole groups of \(stated.1), scales and biases of one type", "\(columns) columns")
        }
        return QuantisedMatrix(
            codes: tensor, packing: .stream(bits: stated.0),
            values: isAffine ? .unsigned(offset: 0) : mode == "mxfp8" ? .e4m3 : .e2m1, rows: rows, columns: columns,
            scales: scales, scaleElement: isAffine ? nil : mode == "nvfp4" ? .f8e4m3 : .f8e8m0, biases: biases,
            group: stated.1)
    }

    /// bitsandbytes: 8 bits as X.weight I8 with X.SCB (w = q * SCB / 127); 4 bits as X.weight U8 [n, 1] with X.weight.absmax,
    /// .quant_map and a JSON text .quant_state.bitsandbytes__nf4 or __fp4.
    func bitsAndBytes(_ module: String, _ tensor: Tensor) throws -> QuantisedMatrix? {
        if tensor.element == .i8, tensors[module + ".SCB"] != nil {
            let (rows, columns) = try dimensions(tensor), scales = try part(module + ".SCB", of: tensor, [.f32])
            guard scales.elementCount == rows else { throw fault(scales, "[\(rows)]", "\(scales.shape)") }
            if let form = tensors[module + ".weight_format"]?.tensor, try bytes(form, limit: 8) != [0] {
                throw refuse(tensor, "8-bit weights in another order than by rows")
            }
            return QuantisedMatrix(
                codes: tensor, packing: .stream(bits: 8), values: .signed, rows: rows, columns: columns, scales: scales,
                factor: 1.0 / 127, group: columns)
        }
        guard tensor.element == .u8, tensors[tensor.name + ".absmax"] != nil else { return nil }
        let prefix = tensor.name + ".quant_state.bitsandbytes__"
        guard
            let (kind, state) = ["nf4", "fp4"].lazy.compactMap({ kind in
                tensors[prefix + kind].map { (kind, $0.tensor) }
            }).first
        else { throw fault(tensor, "\(prefix)nf4 or __fp4 beside it", "no such tensor") }
        let json = try JSONValue(parsing: try bytes(state, limit: 1 << 16), file: printable(state.name))
        var reader = ConfigurationReader(json.object ?? JSONObject(), file: printable(state.name))
        let block = try reader.integer("blocksize", in: 1...(1 << 20)) ?? 64
        guard case .array(let sizes)? = reader.raw("shape"), sizes.count == 2, case .integer(let rows) = sizes[0],
            case .integer(let columns) = sizes[1], (1...(1 << 24)).contains(rows), (1...(1 << 24)).contains(columns)
        else { throw fault(state, "a shape of two sizes", json.summary) }
        guard tensor.elementCount == (rows * columns + 1) / 2, try reader.string("quant_type") ?? kind == kind else {
            throw fault(
                tensor, "\((rows * columns + 1) / 2) bytes of \(kind) for [\(rows), \(columns)]", "\(tensor.shape)")
        }
        let map = try part(tensor.name + ".quant_map", of: tensor, [.f32])
        guard map.elementCount == 16 else { throw fault(map, "[16]", "\(map.shape)") }
        let isNested = tensors[tensor.name + ".nested_absmax"] != nil
        let scales = try part(tensor.name + ".absmax", of: tensor, isNested ? [.u8] : [.f32])
        let blocks = (rows * columns + block - 1) / block
        guard scales.elementCount == blocks else { throw fault(scales, "[\(blocks)]", "\(scales.shape)") }
        var nested: QuantisedMatrix.Nested?
        if isNested {
            let size = try reader.integer("nested_blocksize", in: 1...(1 << 20)) ?? 256
            let absmax = try part(tensor.name + ".nested_absmax", of: tensor, [.f32])
            let codes = try part(tensor.name + ".nested_quant_map", of: tensor, [.f32])
            guard absmax.elementCount == (blocks + size - 1) / size, codes.elementCount == 256,
                let offset = try reader.finiteNumber("nested_offset")
            else { throw fault(absmax, "one for \(size) blocks, 256 codes and an offset", "\(absmax.shape)") }
            nested = .init(map: codes, absmax: absmax, block: size, offset: offset)
        }
        return QuantisedMatrix(
            codes: tensor, packing: .highNibbleFirst, values: .table(map), rows: rows, columns: columns, scales: scales,
            nested: nested, group: block, groupsCrossRows: true)
    }

    /// compressed-tensors: pack-quantized (X.weight_packed I32, 4 or 8 bits, X.weight_scale, X.weight_shape), int-quantized
    /// (X.weight I8) and float-quantized (X.weight F8_E4M3) with X.weight_scale; symmetric.
    func compressedTensors(_ module: String, _ tensor: Tensor) throws -> QuantisedMatrix? {
        guard let scale = tensors[module + ".weight_scale"]?.tensor else {
            guard tensor.name.hasSuffix("_packed") || !Self.floats.contains(tensor.element) else { return nil }
            throw refuse(tensor, "no weight_scale beside it")
        }
        if let rotation = settings["transform_config"]?.object, !rotation.members.isEmpty {
            throw refuse(tensor, "with a transform_config, which this build does not compute")
        }
        if let form = settings["sparsity_config"]?.object?["format"]?.string, form != "dense" {
            throw refuse(tensor, "sparse, as sparsity_config says")
        }
        for other in [".weight_zero_point", ".weight_g_idx", ".weight_global_scale"]
        where tensors[module + other] != nil {
            throw refuse(tensor, "with \(other.dropFirst()) beside it; this build computes symmetric groups in order")
        }
        let scales = try part(scale.name, of: tensor, Self.floats)
        let (rows, stored) = try dimensions(tensor)
        var columns = stored, bits = 8
        let values: QuantisedMatrix.Values
        switch tensor.element {
        case .i32 where tensor.name.hasSuffix(".weight_packed"):
            let shape = try part(module + ".weight_shape", of: tensor, [.i64, .i32])
            let sizes = try integers(shape)
            guard sizes.count == 2, sizes[0] == rows, (1...(1 << 24)).contains(sizes[1]) else {
                throw fault(shape, "[\(rows), columns]", "\(sizes)")
            }
            columns = sizes[1]
            let widths = [4, 8].filter { (columns * $0 + 31) / 32 == stored && (statedWidths?.contains($0) ?? true) }
            guard let width = widths.first, widths.count == 1 else {
                throw refuse(
                    tensor,
                    "\(stored) words for \(columns) columns; this build computes 4 and 8 bits, as config_groups says")
            }
            (bits, values) = (width, .unsigned(offset: 1 << (width - 1)))
        case .i8: values = .signed
        case .f8e4m3: values = .e4m3
        default: throw refuse(tensor, "\(tensor.element.rawValue) codes")
        }
        let (group, groupRows) = try grid(scales, rows, columns)
        return QuantisedMatrix(
            codes: tensor, packing: .stream(bits: bits), values: values, rows: rows, columns: columns, scales: scales,
            group: group, groupRows: groupRows)
    }

    /// The `num_bits` of all `config_groups`, nil when there are none: rows of a few columns do not tell 4 bits from 8.
    private var statedWidths: Set<Int>? {
        guard let groups = settings["config_groups"]?.object else { return nil }
        return Set(
            groups.members.compactMap { group in
                guard case .integer(let bits)? = group.value.object?["weights"]?.object?["num_bits"] else { return nil }
                return bits
            })
    }

    /// Fine-grained FP8: X.weight F8_E4M3 with X.weight_scale_inv for each block of `weight_block_size`.
    func fineGrainedFP8(_ module: String, _ tensor: Tensor) throws -> QuantisedMatrix? {
        guard tensor.element == .f8e4m3 else { return nil }
        let scales = try part(module + ".weight_scale_inv", of: tensor, Self.floats)
        let (rows, columns) = try dimensions(tensor), (group, groupRows) = try grid(scales, rows, columns)
        if case .array(let sizes)? = settings["weight_block_size"], scales.elementCount > 1 {
            guard sizes.count == 2, case .integer(let height) = sizes[0], case .integer(let width) = sizes[1],
                height == groupRows || (height > rows && groupRows == rows),
                width == group || (width > columns && group == columns)
            else {
                throw refuse(
                    scales, "blocks of \(groupRows) by \(group), weight_block_size says otherwise")
            }
        }
        return QuantisedMatrix(
            codes: tensor, packing: .stream(bits: 8), values: .e4m3, rows: rows, columns: columns, scales: scales,
            group: group, groupRows: groupRows)
    }

    /// What one scale covers, from the shape of the scales: all, a row, groups of a row, or blocks of whole size.
    private func grid(_ scales: Tensor, _ rows: Int, _ columns: Int) throws -> (group: Int, groupRows: Int) {
        if scales.elementCount == 1 { return (columns, rows) }
        let shape = scales.shape.count == 1 ? [scales.shape[0], 1] : scales.shape
        guard shape.count == 2, shape[0] > 0, shape[1] > 0, rows % shape[0] == 0, columns % shape[1] == 0 else {
            throw refuse(
                scales, "scales of shape \(scales.shape) for [\(rows), \(columns)]: blocks of another size at the edge")
        }
        return (columns / shape[1], rows / shape[0])
    }

    private func bytes(_ tensor: Tensor, limit: Int) throws -> [UInt8] {
        guard tensor.range.count <= limit, let (_, file) = tensors[tensor.name] else {
            throw fault(tensor, "at most \(limit) bytes", "\(tensor.range.count)")
        }
        return try tensors.files[file].bytes(at: tensor.range.lowerBound, count: tensor.range.count)
    }

    /// The whole numbers of a small tensor; those that are negative or too large for any size become 0.
    private func integers(_ tensor: Tensor) throws -> [Int] {
        let stored = try bytes(tensor, limit: 64), width = tensor.element == .i64 ? 8 : 4
        return stride(from: 0, to: stored.count, by: width).map { start in
            let number = stored[start..<(start + width)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return number < 1 << 31 ? Int(number) : 0
        }
    }
}
