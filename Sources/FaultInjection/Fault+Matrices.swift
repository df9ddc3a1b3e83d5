import ModelFormats

extension Fault {
    /// One matrix that lost its content, its orientation or its place.
    static let matrices: [Fault] = [
        Fault("matrix-zeroed", "layer 1's o_proj all zero") { copy in
            let name = try copy.name(.output, 1)
            try copy.change(name) { $0.bytes = [UInt8](repeating: 0, count: $0.bytes.count) }
        },
        Fault("matrix-half-zero", "the second half of layer 1's down_proj zero, as a download cut short leaves it") {
            copy in
            let name = try copy.name(.down, 1)
            try copy.change(name) { tensor in
                let half = tensor.bytes.count / 2
                tensor.bytes.replaceSubrange(half..., with: [UInt8](repeating: 0, count: tensor.bytes.count - half))
            }
        },
        Fault("matrix-sparse", "every second value of layer 2's gate_proj zero") { copy in
            try copy.changeNumbers(copy.name(.gate, 2)) { numbers in
                for index in stride(from: 0, to: numbers.count, by: 2) { numbers[index] = 0 }
            }
        },
        Fault("matrix-constant", "layer 1's down_proj one number, 0.01, everywhere") { copy in
            try copy.changeNumbers(copy.name(.down, 1)) { $0 = [Float](repeating: 0.01, count: $0.count) }
        },
        Fault("rows-constant", "an eighth of layer 1's up_proj rows constant") { copy in
            try copy.changeNumbers(copy.name(.up, 1)) { numbers in
                for index in 0..<(numbers.count / 8) { numbers[index] = 0.02 }
            }
        },
        Fault("rows-repeated", "the second half of layer 1's gate_proj rows a copy of the first") { copy in
            try copy.change(copy.name(.gate, 1)) { tensor in
                let rows = tensor.rows, half = rows.count / 2
                tensor.rows = Array(rows[..<half]) + rows[..<half] + rows[(2 * half)...]
            }
        },
        Fault("matrix-negated", "the sign of layer 1's o_proj flipped") { copy in
            try copy.changeNumbers(copy.name(.output, 1)) { $0 = $0.map { -$0 } }
        },
        Fault("matrix-scaled", "layer 1's down_proj four times as large") { copy in
            try copy.changeNumbers(copy.name(.down, 1)) { $0 = $0.map { 4 * $0 } }
        },
        Fault("layer-scaled", "every matrix of layer 1 twice as large") { copy in
            for role in [TensorRole.query, .key, .value, .output, .gate, .up, .down] {
                try copy.changeNumbers(copy.name(role, 1)) { $0 = $0.map { 2 * $0 } }
            }
        },
        Fault("matrix-transposed", "layer 1's o_proj, a square matrix, transposed") { copy in
            let name = try copy.name(.output, 1), shape = try copy.tensor(name).shape
            guard shape.count == 2, shape[0] == shape[1] else {
                throw Inapplicable(description: "\(name) is not square")
            }
            try copy.changeNumbers(name) { numbers in
                let size = shape[0], old = numbers
                for row in 0..<size {
                    for column in 0..<size { numbers[row * size + column] = old[column * size + row] }
                }
            }
        },
        Fault("matrix-shuffled", "the rows of layer 2's down_proj in reverse order: every statistic stays") { copy in
            try copy.change(copy.name(.down, 2)) { $0.rows = $0.rows.reversed() }
        },
        Fault("byte-order", "layer 1's v_proj in big-endian order") { copy in
            try copy.change(copy.name(.value, 1)) { tensor in
                let width = tensor.element.block.bits / 8
                guard tensor.element.block.elements == 1, width > 1 else {
                    throw Inapplicable(description: "\(tensor.name) is stored as \(tensor.element.rawValue)")
                }
                tensor.bytes = stride(from: 0, to: tensor.bytes.count, by: width).flatMap { start in
                    tensor.bytes[start..<(start + width)].reversed()
                }
            }
        },
        Fault("bytes-shifted", "layer 1's gate_proj two bytes early, as a wrong offset reads it") { copy in
            try copy.change(copy.name(.gate, 1)) { $0.bytes = Array($0.bytes.dropFirst(2) + $0.bytes.prefix(2)) }
        },
    ]
}
