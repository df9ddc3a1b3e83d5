internal import CGemmaKernels
import Foundation
import Synchronization

/// A few threads that share the work of one kernel at a time.
///
/// `run` hands out shares to all threads and to the caller and returns when every share is done. Waiting blocks (no
/// busy wait: on a shared machine that costs the others their processor), nothing is allocated per run, and no thread
/// of the concurrency runtime is involved. One `run` at a time, from one thread.
package final class WorkerPool {
    /// Threads that work on a job, the caller included.
    package let workerCount: Int

    /// What the threads share. `mutex` guards all but `next`.
    private final class State: @unchecked Sendable {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let started = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        let next = Atomic<Int>(0)
        var generation = 0
        /// Threads within the job, the caller not counted.
        var working = 0
        var isClosed = false
        var task: gemma_task?
        var job: UnsafeRawPointer?
        var shares = 0

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(started, nil)
            pthread_cond_init(finished, nil)
        }

        deinit {
            pthread_cond_destroy(finished)
            pthread_cond_destroy(started)
            pthread_mutex_destroy(mutex)
            finished.deallocate()
            started.deallocate()
            mutex.deallocate()
        }

        func work(_ task: gemma_task, _ job: UnsafeRawPointer, shares: Int, worker: Int) {
            while true {
                let share = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard share < shares else { return }
                task(job, share, worker)
            }
        }

        func serve(worker: Int) {
            var seen = 0
            pthread_mutex_lock(mutex)
            while !isClosed {
                guard generation != seen, let task, let job else {
                    pthread_cond_wait(started, mutex)
                    continue
                }
                seen = generation
                working += 1
                let shares = shares
                pthread_mutex_unlock(mutex)
                work(task, job, shares: shares, worker: worker)
                pthread_mutex_lock(mutex)
                working -= 1
                if working == 0 { pthread_cond_signal(finished) }
            }
            pthread_mutex_unlock(mutex)
        }
    }

    private let state = State()
    private var threads: [Thread] = []

    package init(workers: Int = ProcessInfo.processInfo.activeProcessorCount) {
        workerCount = max(1, workers)
        for worker in 1..<max(1, workers) {
            let thread = Thread { [state] in state.serve(worker: worker) }
            thread.name = "gemma-\(worker)"
            thread.start()
            threads.append(thread)
        }
    }

    deinit {
        pthread_mutex_lock(state.mutex)
        state.isClosed = true
        pthread_cond_broadcast(state.started)
        pthread_mutex_unlock(state.mutex)
    }

    /// Calls `task` once for each share from 0 up to `shares`. `alone` keeps small jobs on the calling thread, where
    /// waking the others would cost more than they do (about 10 microseconds).
    func run(_ task: @escaping gemma_task, job: UnsafeRawPointer, shares: Int, alone: Bool = false) {
        guard !alone, workerCount > 1, shares > 1 else {
            for share in 0..<shares { task(job, share, 0) }
            return
        }
        pthread_mutex_lock(state.mutex)
        state.task = task
        state.job = job
        state.shares = shares
        state.next.store(0, ordering: .relaxed)
        state.generation += 1
        pthread_mutex_unlock(state.mutex)
        // After unlocking: a thread that wakes under a held mutex goes to sleep again.
        pthread_cond_broadcast(state.started)
        state.work(task, job, shares: shares, worker: 0)
        pthread_mutex_lock(state.mutex)
        // A thread that has not come yet is not waited for: on a busy machine it may take milliseconds.
        state.task = nil
        while state.working > 0 { pthread_cond_wait(state.finished, state.mutex) }
        pthread_mutex_unlock(state.mutex)
    }
}

extension WorkerPool {
    /// Calls `body` once for each share from 0 up to `shares`, on all threads; `worker` tells them apart.
    package func perform(_ shares: Int, _ body: (_ share: Int, _ worker: Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { pointer in
                run(
                    { job, share, worker in
                        job?.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(share, worker)
                    }, job: UnsafeRawPointer(pointer), shares: shares)
            }
        }
    }
}
