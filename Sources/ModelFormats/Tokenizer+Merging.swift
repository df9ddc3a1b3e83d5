extension Tokenizer {
    /// A neighbour pair that may merge. The heap yields the lowest rank first and, among equals, the leftmost.
    private struct Candidate: Comparable {
        let rank: Int32
        let position: Int32
        let merged: Int32

        static func < (left: Candidate, right: Candidate) -> Bool {
            (left.rank, left.position) < (right.rank, right.position)
        }
    }

    /// A symbol of the word: its piece and its neighbours. A symbol that was merged away has piece -1.
    private struct Symbol {
        var piece: Int32
        var previous: Int32
        var next: Int32
    }

    /// Appends the pieces of one word of normalised text. O(n log n) in its length: the word is a whole text.
    func encodeWord(_ word: ArraySlice<UInt8>, into ids: inout [Int32]) {
        var symbols = initialPieces(of: word).enumerated().map { index, piece in
            Symbol(piece: piece, previous: Int32(index) - 1, next: Int32(index) + 1)
        }
        guard !symbols.isEmpty else { return }
        symbols[symbols.count - 1].next = -1

        var heap = Heap<Candidate>()
        for index in 0..<(symbols.count - 1) {
            offer(symbols, at: Int32(index), to: &heap)
        }
        while let candidate = heap.popLeast() {
            let left = Int(candidate.position)
            // The pair may have changed since it was offered: its symbols must still merge into the same piece.
            guard symbols[left].piece >= 0, symbols[left].next >= 0 else { continue }
            let right = Int(symbols[left].next)
            guard let merge = merges.merge(left: symbols[left].piece, right: symbols[right].piece),
                merge.merged == candidate.merged, merge.rank == candidate.rank
            else { continue }
            symbols[left].piece = merge.merged
            symbols[left].next = symbols[right].next
            symbols[right].piece = -1
            if symbols[left].next >= 0 {
                symbols[Int(symbols[left].next)].previous = Int32(left)
                offer(symbols, at: Int32(left), to: &heap)
            }
            if symbols[left].previous >= 0 { offer(symbols, at: symbols[left].previous, to: &heap) }
        }
        for symbol in symbols where symbol.piece >= 0 { ids.append(symbol.piece) }
    }

    private func offer(_ symbols: [Symbol], at index: Int32, to heap: inout Heap<Candidate>) {
        let left = symbols[Int(index)], right = symbols[Int(left.next)]
        guard let merge = merges.merge(left: left.piece, right: right.piece) else { return }
        heap.insert(Candidate(rank: merge.rank, position: index, merged: merge.merged))
    }

    /// One piece per character, or its bytes, or the unknown piece.
    private func initialPieces(of word: ArraySlice<UInt8>) -> [Int32] {
        var result: [Int32] = []
        var index = word.startIndex, endsInUnknown = false
        while index < word.endIndex {
            let lead = word[index]
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            let character = word[index..<min(index + length, word.endIndex)]
            index = character.endIndex
            if let id = pieces.id(of: character), pieces.roles[id].contains(.model) {
                result.append(Int32(id))
                endsInUnknown = false
            } else if byteFallback, !bytePieces.isEmpty {
                result += character.map { bytePieces[Int($0)] }
                endsInUnknown = false
            } else if let unknown {
                if !(fusesUnknown && endsInUnknown) { result.append(unknown) }
                endsInUnknown = true
            }
        }
        return result
    }
}

/// A binary min-heap.
struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    mutating func insert(_ element: Element) {
        var index = elements.count
        elements.append(element)
        while index > 0, elements[index] < elements[(index - 1) / 2] {
            elements.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popLeast() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let least = elements.first else { return last }
        elements[0] = last
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < elements.count else { break }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            guard elements[child] < elements[index] else { break }
            elements.swapAt(index, child)
            index = child
        }
        return least
    }
}
