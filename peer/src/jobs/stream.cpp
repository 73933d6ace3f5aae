#include "jobs/stream.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace xfsbus::peer::jobs {

void Stream::begin(About const& about, Source source) {
    if (over()) {
        return;
    }
    if (about_ && about_->content != about.content) {
        return fail({Errc::integrity, "another version of '" + wire::escape(about.name) +
                                          "' is fetched by now; open it again"});
    }
    about_ = about;
    source_ = std::move(source);
    tell_begun();
    gained();
}

void Stream::complete(About const& about, swarm::FileStamp const& stamp) {
    if (over()) {
        return;
    }
    about_ = about;
    stamp_ = stamp;
    tell_begun();
    gained();
}

void Stream::fail(Error const& why) {
    if (over()) {
        return;
    }
    // A timeout is that of the one who waits, and no more than that.
    failure_ = {why.code == Errc::timeout ? Errc::network : why.code, why.message};
    for (auto const& each : std::exchange(beginning_, {})) {
        each.then(*failure_);
    }
    for (auto const& each : std::exchange(waiting_, {})) {
        each.then(*failure_);
    }
}

void Stream::tell_begun() {
    for (auto const& each : std::exchange(beginning_, {})) {
        each.then(*about_);
    }
}

/// Whoever is answered may ask for the next at once, but on a thread of its own.
void Stream::gained() {
    std::erase_if(waiting_, [this](Waiting const& each) {
        if (each.who.expired()) {
            return true;
        }
        auto const there = here(each.offset);
        if (there) {
            each.then(*there);
        }
        return there.has_value();
    });
    fetch_for_first();
}

void Stream::fetch_for_first() const {
    auto const first =
        std::ranges::find_if(waiting_, [](Waiting const& each) { return each.offset != whole; });
    if (first != waiting_.end() && source_.fetch_from) {
        source_.fetch_from(first->offset);
    }
}

void Stream::when_begun(Who who, Then<About> then) {
    if (failure_ || about_) {
        return failure_ ? then(*failure_) : then(*about_);
    }
    beginning_.push_back({std::move(who), std::move(then)});
}

void Stream::when_here(std::uint64_t offset, Who who, Then<Here> then) {
    std::erase_if(waiting_, [](Waiting const& each) { return each.who.expired(); });
    if (auto const there = here(offset)) {
        if (waiting_.empty() && source_.fetch_from) {
            source_.fetch_from(offset);
        }
        return then(*there);
    }
    if (failure_) {
        return then(*failure_);
    }
    waiting_.push_back({offset, std::move(who), std::move(then)});
    // At once, whoever else waits: it is the first of them that is asked for from then on.
    if (offset != whole && source_.fetch_from) {
        source_.fetch_from(offset);
    }
}

/// nullopt: it has to be waited for.
std::optional<Stream::Here> Stream::here(std::uint64_t offset) const {
    if (stamp_) {
        return Here{about_->size, source_.part, stamp_};
    }
    if (!source_.part || offset == whole) {
        return std::nullopt;
    }
    auto const& layout = source_.content->layout();
    auto const most = std::min(offset + answer_bytes, layout.bytes);
    auto end = offset;
    while (end < most) {
        auto const chunk = static_cast<std::uint32_t>(end / layout.chunk_bytes);
        if (!source_.content->has().contains(chunk)) {
            break;
        }
        end = layout.offset(chunk) + layout.length(chunk);
    }
    return end > offset ? std::optional(Here{std::min(end, most), source_.part, std::nullopt})
                        : std::nullopt;
}

}  // namespace xfsbus::peer::jobs
