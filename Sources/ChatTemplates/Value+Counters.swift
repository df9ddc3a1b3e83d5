/// Jinja's `cycler()`.
final class Cycler: Discardable {
    private(set) var items: [Value]
    var position = 0
    init(_ items: [Value]) { self.items = items }
    func discard() { items = [] }
}

/// Jinja's `joiner()`.
final class Joiner {
    let separator: Value
    var isUsed = false
    init(_ separator: Value) { self.separator = separator }
}
