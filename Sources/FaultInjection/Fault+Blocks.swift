import ModelFormats

extension Fault {
    /// Blocks of quantised numbers: an F16 scale and so many small numbers.
    static let blocks: [Fault] = [
        block("block-nibbles-swapped", "low and high nibbles exchanged in every 4-bit block", [.q4_0]) { block in
            for index in 2..<block.count { block[index] = block[index] << 4 | block[index] >> 4 }
        },
        block("block-order", "the numbers of every block in the order of the layout before", [.q4_0, .q8_0]) { block in
            // Old files kept neighbours in one byte; read as today's layout they interleave.
            let body = Array(block.dropFirst(2)), half = body.count / 2
            for index in body.indices {
                block[block.startIndex + 2 + index] = body[index % 2 == 0 ? index / 2 : half + index / 2]
            }
        },
        block("scales-halved", "every scale half as large", [.q4_0, .q8_0]) { halve(&$0) },
        block("scales-zeroed", "every scale zero", [.q4_0, .q8_0]) { block in
            block[0] = 0
            block[1] = 0
        },
        Fault("scales-zeroed-once", "every scale of layer 1's down projection zero") { copy in
            try copy.changeBlocks(copy.name(.down, 1)) { block, _ in
                block[0] = 0
                block[1] = 0
            }
        },
        Fault("scales-halved-once", "every scale of layer 1's down projection half as large") { copy in
            try copy.changeBlocks(copy.name(.down, 1)) { block, _ in halve(&block) }
        },
        Fault("scale-nan", "one block's scale NaN") { copy in
            try copy.changeBlocks(copy.name(.gate, 1)) { block, index in
                if index == 3 { (block[0], block[1]) = (0x01, 0x7E) }
            }
        },
        Fault("scale-infinite", "one block's scale infinite") { copy in
            try copy.changeBlocks(copy.name(.gate, 1)) { block, index in
                if index == 3 { (block[0], block[1]) = (0x00, 0x7C) }
            }
        },
        Fault("scales-shifted", "every scale of layer 1's gate projection one block late") { copy in
            let name = try copy.name(.gate, 1)
            var last: [UInt8] = try Array(copy.tensor(name).bytes.prefix(2))
            try copy.changeBlocks(name) { block, _ in
                let own = [block[0], block[1]]
                (block[0], block[1]) = (last[0], last[1])
                last = own
            }
        },
    ]

    private static func block(
        _ name: String, _ what: String, _ elements: [TensorElement],
        _ change: @escaping @Sendable (inout [UInt8]) -> Void
    ) -> Fault {
        Fault(name, what) { copy in
            var count = 0
            for name in copy.tensorNames where elements.contains(try copy.tensor(name).element) {
                guard copy.layer(of: name) != nil else { continue }
                try copy.changeBlocks(name) { block, _ in change(&block) }
                count += 1
            }
            guard count > 0 else { throw Inapplicable(description: "no layer is stored so") }
        }
    }

    private static func halve(_ block: inout [UInt8]) {
        let scale = Float16(bitPattern: UInt16(block[0]) | UInt16(block[1]) << 8) / 2
        (block[0], block[1]) = (UInt8(truncatingIfNeeded: scale.bitPattern), UInt8(scale.bitPattern >> 8))
    }
}

extension CheckpointCopy {
    /// Changes every block of a tensor stored as Q4_0 or Q8_0.
    fileprivate func changeBlocks(_ name: String, _ body: (inout [UInt8], Int) throws -> Void) throws {
        try change(name) { tensor in
            guard tensor.element == .q4_0 || tensor.element == .q8_0 else {
                throw Fault.Inapplicable(description: "\(name) is stored as \(tensor.element.rawValue)")
            }
            let width = tensor.element.block.bits / 8
            for index in 0..<tensor.count {
                let range = (index * width)..<((index + 1) * width)
                var block = Array(tensor.bytes[range])
                try body(&block, index)
                tensor.bytes.replaceSubrange(range, with: block)
            }
        }
    }
}
