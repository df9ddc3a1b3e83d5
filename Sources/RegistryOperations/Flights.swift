import Synchronization

/// Lets equal requests share one piece of work: the first begins it, the others wait for its end and hear of its
/// progress. Who is cancelled leaves; when the last one has left, the work is cancelled, and that one waits for its end.
final class Flights<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Passenger {
        let report: Report
        var continuation: CheckedContinuation<Value, any Error>?
        var hasLeft = false
    }

    private struct Flight {
        let task: Task<Void, Never>
        var passengers: [Int: Passenger]
        var outcome: Result<Value, any Error>?
    }

    private struct State {
        /// The flight that a new request joins.
        var open: [Key: Int] = [:]
        var flights: [Int: Flight] = [:]
        var nextID = 0

        mutating func makeID() -> Int {
            nextID += 1
            return nextID
        }

        mutating func remove(_ seat: Int, from flight: Int) {
            flights[flight]?.passengers[seat] = nil
            if flights[flight]?.passengers.isEmpty == true { flights[flight] = nil }
        }
    }

    private let state = Mutex(State())

    /// Whether somebody works on this now.
    func isUnderWay(_ key: Key) -> Bool { state.withLock { $0.open[key] != nil } }

    func join(
        _ key: Key, _ report: @escaping Report, _ body: @escaping @Sendable (@escaping Report) async throws -> Value
    ) async throws -> Value {
        let (flight, seat) = board(key, report, body)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { sit($0, flight, seat) }
        } onCancel: {
            leave(key, flight, seat)
        }
    }

    private func board(
        _ key: Key, _ report: @escaping Report, _ body: @escaping @Sendable (@escaping Report) async throws -> Value
    ) -> (flight: Int, seat: Int) {
        state.withLock { state in
            let seat = state.makeID()
            if let flight = state.open[key] {
                state.flights[flight]?.passengers[seat] = Passenger(report: report)
                return (flight, seat)
            }
            let flight = state.makeID()
            let task = Task {
                let outcome: Result<Value, any Error>
                do {
                    outcome = .success(try await body { self.tell($0, flight) })
                } catch {
                    outcome = .failure(error)
                }
                self.land(key, flight, outcome)
            }
            state.open[key] = flight
            state.flights[flight] = Flight(task: task, passengers: [seat: Passenger(report: report)])
            return (flight, seat)
        }
    }

    private func tell(_ step: Step, _ flight: Int) {
        let passengers = state.withLock { $0.flights[flight]?.passengers.values.filter { !$0.hasLeft } ?? [] }
        for passenger in passengers { passenger.report(step) }
    }

    private func sit(_ continuation: CheckedContinuation<Value, any Error>, _ flight: Int, _ seat: Int) {
        let outcome: Result<Value, any Error>? = state.withLock { state in
            guard state.flights[flight]?.passengers[seat] != nil else {
                return .failure(CancellationError())  // left before it sat down, while others stayed
            }
            if let outcome = state.flights[flight]?.outcome {
                state.remove(seat, from: flight)
                return outcome
            }
            state.flights[flight]?.passengers[seat]?.continuation = continuation
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func leave(_ key: Key, _ flight: Int, _ seat: Int) {
        let continuation: CheckedContinuation<Value, any Error>? = state.withLock { state in
            guard let passengers = state.flights[flight]?.passengers, state.flights[flight]?.outcome == nil,
                passengers[seat]?.hasLeft == false
            else { return nil }
            state.flights[flight]?.passengers[seat]?.hasLeft = true
            if passengers.count == 1 {
                // Who comes now shall not share a work that ends.
                if state.open[key] == flight { state.open[key] = nil }
                state.flights[flight]?.task.cancel()
                return nil
            }
            return state.flights[flight]?.passengers.removeValue(forKey: seat)?.continuation
        }
        continuation?.resume(throwing: CancellationError())
    }

    private func land(_ key: Key, _ flight: Int, _ outcome: Result<Value, any Error>) {
        let continuations = state.withLock { state in
            if state.open[key] == flight { state.open[key] = nil }
            state.flights[flight]?.outcome = outcome
            let seated = state.flights[flight]?.passengers.filter { $0.value.continuation != nil } ?? [:]
            for seat in seated.keys { state.remove(seat, from: flight) }
            return seated.values.compactMap(\.continuation)
        }
        for continuation in continuations { continuation.resume(with: outcome) }
    }
}
