import HostileHub
import RegistryCore
import RegistryUpstream
import Testing

/// One way in which upstream misbehaves, and how a fetch from it ends.
struct Row: Sendable, CustomTestStringConvertible {
    enum Ending: Sendable {
        case right
        /// The error of that name; what it says holds this text, in which FIRST stands for the bytes that the first
        /// request asks for, and SIZE for those of the file.
        case fails(String, String)
        /// Either, by libcurl's version and by chance.
        case rightOrFails(String, String)
    }

    static let mebibyte: Int64 = 1 << 20
    static let large = 64 * mebibyte
    static let sizes: [Int64] = [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, large]

    let what: String
    let ending: Ending
    /// Where the whole file is one request, for its one byte.
    var alone: Ending?
    /// Of an empty file, for which no request is needed once its tree is known.
    var empty = Ending.right
    var isLFS = true
    var hosts = ["localhost"]
    var attempts = AttemptPolicy.quick
    let script: HostileHub.Script

    var testDescription: String { what }

    init(
        _ what: String, _ ending: Ending, alone: Ending? = nil, empty: Ending = .right, isLFS: Bool = true,
        hosts: [String] = ["localhost"], attempts: AttemptPolicy = .quick, _ script: @escaping HostileHub.Script
    ) {
        self.what = what
        self.ending = ending
        self.alone = alone
        self.empty = empty
        self.isLFS = isLFS
        self.hosts = hosts
        self.attempts = attempts
        self.script = script
    }

    /// For what happens before anybody has asked for bytes.
    static func early(_ what: String, _ ending: Ending, _ script: @escaping HostileHub.Script) -> Row {
        Row(what, ending, empty: ending, script)
    }

    func ending(_ size: Int64) -> Ending { size == 0 ? empty : size == 1 ? alone ?? ending : ending }

    private static let files = Dictionary(
        uniqueKeysWithValues: [true, false].map { isLFS in
            (
                isLFS,
                Dictionary(
                    uniqueKeysWithValues: sizes.map { size in
                        (size, HostileFile(HostileFile.noise(Int(size), seed: 7), isLFS: isLFS))
                    })
            )
        })

    /// Plays the row at one size through the whole way into the store, and then has a healthy upstream give the file.
    func play(_ size: Int64, on stand: Stand) async throws {
        let file = try #require(Self.files[isLFS]?[size])
        let piece = size > 16 * Self.mebibyte ? 4 * Self.mebibyte : Self.mebibyte / 4
        let hub = try HostileHub(file, script: script)
        defer { hub.stop() }
        let error = await stand.fetch(
            hub, attempts: attempts, options: HubOptions(connections: 4, piece: piece, redirectHosts: hosts))
        let comment = Comment(
            rawValue: "\(what), \(size) bytes: \(error.map { "\(name($0)): \($0)" } ?? "right bytes")")
        let ending = ending(size)
        switch ending {
        case .right: #expect(error == nil, comment)
        case .fails(let expected, let text), .rightOrFails(let expected, let text):
            let wanted = text.replacing("FIRST", with: "\(min(size, piece))").replacing("SIZE", with: "\(size)")
            let isExpected = error.map { name($0) == expected && "\($0)".contains(wanted) }
            if case .fails = ending { #expect(isExpected == true, comment) }
            #expect(isExpected != false, comment)
        }
        if error == nil {
            #expect(stand.holdsOnly(file) && stand.left.isEmpty, comment)
        } else {
            #expect(stand.registry.blobs.allBlobs().isEmpty, comment)
            // After trouble that may pass, the pieces of a large file wait for the next attempt.
            let mayStay = (error as? UpstreamError)?.isAboutContent == false && size > 16 * Self.mebibyte
            #expect(stand.left.isEmpty || mayStay && stand.left.count == 2, "\(what), \(size) bytes left \(stand.left)")

            // A second look at many megabytes is for what goes on with those that are here.
            if size <= 16 * Self.mebibyte || mayStay { await playHealthy(hub, file, piece, on: stand, comment) }
        }
        try stand.clear(file)
    }

    private func playHealthy(
        _ hub: HostileHub, _ file: HostileFile, _ piece: Int64, on stand: Stand, _ comment: Comment
    ) async {
        hub.play()
        let options = HubOptions(connections: 4, piece: piece, redirectHosts: ["localhost"])
        #expect(await stand.fetch(hub, options: options) == nil, comment)
        #expect(stand.holdsOnly(file) && stand.left.isEmpty, comment)
    }

    /// At all sizes; the large one beside the others.
    func play() async throws {
        async let large: Void = Stand.open { try await play(Self.large, on: $0) }
        try await Stand.open { stand in
            for size in Self.sizes where size != Self.large { try await play(size, on: stand) }
        }
        try await large
    }

    /// At all sizes at once: for what waits for deadlines.
    func playAtOnce() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for size in Self.sizes { group.addTask { try await Stand.open { try await play(size, on: $0) } } }
            try await group.waitForAll()
        }
    }
}

/// A script for some requests of a stage, in the order in which they come.
func at(
    _ stage: HostileRequest.Stage, from first: Int = 0, times: Int = .max,
    _ change: @escaping @Sendable (inout HostileReply, HostileRequest) -> Void
) -> HostileHub.Script {
    { request, reply in
        guard request.stage == stage, request.earlier >= first, request.earlier - first < times else { return }
        change(&reply, request)
    }
}
