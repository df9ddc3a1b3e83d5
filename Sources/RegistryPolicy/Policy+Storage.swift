import RegistryCore

extension Policy {
    /// What is kept, and for how long.
    package struct Retention: Sendable, Equatable {
        /// How many promoted snapshots of each repository are kept; nil keeps all.
        package var keep: Int?
        /// Days that bytes which were not right are kept to be looked at.
        package var quarantineDays: Int
        /// Days that what nothing names any more can still be taken back.
        package var trashDays: Int
        /// Days within which every blob is hashed at rest; nil for never.
        package var scrubDays: Int?
    }

    /// How much may be kept.
    package struct Quotas: Sendable, Equatable {
        package struct Share: Sendable, Equatable {
            /// Namespaces that share the bytes.
            package var match: NamePattern
            package var size: Int64
        }

        /// Bytes of the whole store; nil for as much as the disk holds.
        package var total: Int64?
        package var namespaces: [Share]
    }
}

extension Policy.Retention {
    init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        keep = try section.integer("keep", in: 1...1_000_000, or: "all")
        quarantineDays = try section.integer("quarantine-days", in: 0...36_500)
        trashDays = try section.integer("trash-days", in: 0...36_500)
        scrubDays = try section.integer("scrub-days", in: 1...36_500, or: "never")
        try section.finish()
    }
}

extension Policy.Quotas {
    init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        total = try section.size("total", or: "none")
        namespaces = []
        for entry in try section.sections("namespaces") { namespaces.append(try Share(entry)) }
        try section.finish()
    }
}

extension Policy.Quotas.Share {
    fileprivate init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        match = NamePattern(try section.text("match"))
        size = try section.size("size")
        try section.finish()
    }
}
