/// The special variable `loop`: jinja2's `LoopContext`.
final class LoopState: Discardable {
    private var source: Iteration
    /// Known where the sequence has a length, or once it was read to its end.
    private var known: Int?
    private var after: Value??
    private(set) var current: Value?
    private(set) var before: Value?
    private(set) var index0 = -1
    let depth0: Int
    /// Renders the loop again over other items, where it is recursive.
    private(set) var recurse: ((Value) throws(TemplateError) -> Value)?
    /// The arguments of the last call of `changed`.
    var lastChanged: Items?

    init(
        _ source: Iteration, count: Int?, depth0: Int, recurse: ((Value) throws(TemplateError) -> Value)?
    ) {
        self.source = source
        known = count
        self.depth0 = depth0
        self.recurse = recurse
    }

    /// Moves on to the next item.
    func next() throws(TemplateError) -> Value? {
        let item: Value?
        if let peeked = after {
            item = peeked
            after = nil
        } else {
            item = try source.next()
        }
        guard let item else { return nil }
        index0 += 1
        before = current
        current = item
        return item
    }

    /// The item after the current one, without moving.
    func peek() throws(TemplateError) -> Value? {
        if let after, let value = after { return value }
        let value = try source.next()
        after = .some(value)
        return value
    }

    /// How many items there are; a generator is read to its end for it, each of its items counted by `made`.
    func count(_ made: () throws(TemplateError) -> Void) throws(TemplateError) -> Int {
        if let known { return known }
        var rest: [Value] = []
        while let value = try source.next() {
            try made()
            rest.append(value)
        }
        var position = 0
        let items = rest
        source = Iteration { () throws(TemplateError) -> Value? in
            defer { position += 1 }
            return position < items.count ? items[position] : nil
        }
        var isPeeked = false
        if let after, after != nil { isPeeked = true }
        let total = rest.count + index0 + 1 + (isPeeked ? 1 : 0)
        known = total
        return total
    }

    func discard() {
        source.discard()
        recurse = nil
        current = nil
        before = nil
        after = nil
        lastChanged = nil
    }
}
