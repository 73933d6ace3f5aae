#include <xfsbus/swarm/play_head.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>

namespace xfsbus::swarm {

void PlayHead::set(wire::Time now, std::uint64_t position, std::uint64_t bytes_per_s) {
    position_ = static_cast<double>(std::min(position, wire::limits::file_bytes));
    rate_ = bytes_per_s;
    at_ = now;
}

void PlayHead::advance(wire::Time now, ContentState const& content) {
    if (rate_ == 0 || now <= at_) {
        return;
    }
    auto const rate = static_cast<double>(rate_);
    auto const passed = std::chrono::duration<double>(now - at_).count();
    auto const bytes = static_cast<double>(content.layout().bytes);
    at_ = now;
    auto const wanted = std::min(position_ + rate * passed, bytes);
    if (wanted <= position_) {
        return;  // it is at the end, or beyond it
    }
    auto const end = readable_end(content, position(), static_cast<std::uint64_t>(wanted) + 1);
    auto const reached = std::clamp(static_cast<double>(end), position_, wanted);
    stalled_ += std::chrono::duration_cast<wire::Duration>(
        std::chrono::duration<double>((wanted - reached) / rate));
    position_ = reached;
}

/// Where what is missing begins, from here on; no further than `most`.
std::uint64_t PlayHead::readable_end(ContentState const& content, std::uint64_t position,
                                     std::uint64_t most) {
    auto const& layout = content.layout();
    auto const chunk_bytes = std::max<std::uint64_t>(layout.chunk_bytes, 1);
    while (position < std::min(most, layout.bytes)) {
        auto const chunk = static_cast<std::uint32_t>(position / chunk_bytes);
        if (!content.has().contains(chunk)) {
            break;
        }
        position = layout.offset(chunk) + layout.length(chunk);
    }
    return position;
}

}  // namespace xfsbus::swarm
