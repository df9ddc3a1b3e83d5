import CrashWorkloads
import Foundation
import Glibc

/// What becomes of everything that was not durable at a power cut.
struct Loss: Sendable, Hashable, CustomStringConvertible {
    enum Fate: Sendable, Hashable {
        case kept, lost
        /// Of data: the size came, the bytes did not.
        case holes
        /// Of data: the first half of every write came.
        case torn
        /// Each piece has its own, by this seed.
        case mixed(UInt64)
    }

    let data: Fate
    let folders: Fate
    /// The nodes that this is about: of all others everything is kept. Nil for all.
    var only: Set<Int>?

    var description: String { "data \(data), folders \(folders)\(only == nil ? "" : ", of one sync alone")" }
}

extension DiskModel {
    /// Writes what a power cut now would leave into a folder that is not there yet.
    func write(_ loss: Loss, to root: String) throws {
        var fates = Fates(loss)
        let survivors = survivingMoves(&fates)
        var places: [Int: String] = [:]
        try write(0, to: root, survivors, &fates, &places)
    }

    /// How many moves of each folder come through. Of a rename that has not arrived, nothing has left.
    private func survivingMoves(_ fates: inout Fates) -> [Int: Int] {
        var survivors: [Int: Int] = [:]
        for id in nodes.indices where !nodes[id].moves.isEmpty {
            survivors[id] = fates.survivors(of: nodes[id].moves.count, id)
        }
        var isStable = false
        while !isStable {
            isStable = true
            for (id, count) in survivors.sorted(by: { $0.key < $1.key }) {
                for (index, move) in nodes[id].moves.prefix(count).enumerated() where move.node == nil {
                    guard let target = folder(receiving: move, but: id), let arrived = survivors[target],
                        nodes[target].moves.prefix(arrived).allSatisfy({ $0.number != move.number })
                    else { continue }
                    survivors[id] = index
                    isStable = false
                    break
                }
            }
        }
        return survivors
    }

    private func write(
        _ id: Int, to path: String, _ survivors: [Int: Int], _ fates: inout Fates, _ places: inout [Int: String]
    ) throws {
        let node = nodes[id]
        let mode = node.newMode.map { fates.keepsMode(id) ? $0 : node.mode } ?? node.mode
        if node.isFolder {
            var entries = node.entries
            for move in node.moves.prefix(survivors[id] ?? 0) { entries[move.name] = move.node }
            guard mkdir(path, 0o755) == 0 else { throw CrashFinding("mkdir \(path): \(errno)") }
            for (name, child) in entries.sorted(by: { $0.key < $1.key }) {
                try write(child, to: "\(path)/\(name)", survivors, &fates, &places)
            }
        } else if let known = places[id] {
            guard link(known, path) == 0 else { throw CrashFinding("link \(path): \(errno)") }
            return
        } else {
            places[id] = path
            var bytes = node.bytes
            for (index, change) in node.changes.enumerated() { fates.apply(change, index, id, to: &bytes) }
            try Data(bytes).write(to: URL(filePath: path))
        }
        chmod(path, mode)
    }
}

/// One loss, spelled out for each piece.
private struct Fates {
    private let loss: Loss
    private var random: UInt64

    init(_ loss: Loss) {
        self.loss = loss
        random = 0x9E37_79B9_7F4A_7C15
        for case .mixed(let seed) in [loss.data, loss.folders] { random ^= (seed &+ 1) &* 0xD1B5_4A32_D192_ED03 }
    }

    private mutating func next(_ bound: Int) -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Int(random >> 33) % bound
    }

    private func isMeant(_ id: Int) -> Bool { loss.only?.contains(id) ?? true }

    mutating func survivors(of count: Int, _ id: Int) -> Int {
        guard isMeant(id) else { return count }
        switch loss.folders {
        case .kept: return count
        case .mixed: return next(count + 1)
        case .lost, .holes, .torn: return 0
        }
    }

    mutating func keepsMode(_ id: Int) -> Bool {
        guard isMeant(id) else { return true }
        if case .mixed = loss.data { return next(2) == 0 }
        return loss.data == .kept
    }

    mutating func apply(_ change: DiskModel.Change, _ index: Int, _ id: Int, to bytes: inout [UInt8]) {
        var fate = isMeant(id) ? loss.data : .kept
        if case .mixed = fate { fate = [.kept, .kept, .lost, .holes, .torn][next(5)] }
        switch (fate, change) {
        case (.kept, _), (.holes, .size), (.torn, .size): bytes.apply(change)
        case (.holes, .write(let offset, let data)): bytes.apply(.size(max(bytes.count, offset + data.count)))
        case (.torn, .write(let offset, let data)):
            // Disks write sectors; what is smaller than one comes whole or not at all.
            let kept = data.count / 2 / 512 * 512
            bytes.apply(.size(max(bytes.count, offset + data.count)))
            bytes.apply(.write(offset, data.prefix(kept)))
        default: break
        }
    }
}
