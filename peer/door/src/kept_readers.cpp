#include "kept_readers.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <utility>

namespace xfsbus::door {

void KeptReaders::keep(Time now, peer::Reader reader) {
    std::lock_guard const lock(mutex_);
    kept_.remove_if([&](Kept const& other) {
        return other.reader.name() == reader.name() && other.reader.content() == reader.content();
    });
    kept_.push_front({now, std::move(reader)});
    if (kept_.size() > most_) {
        kept_.pop_back();
    }
}

void KeptReaders::drop_old(Time now) {
    std::lock_guard const lock(mutex_);
    kept_.remove_if([&](Kept const& kept) { return now - kept.read >= keep_; });
}

}  // namespace xfsbus::door
