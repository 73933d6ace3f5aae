#include <xfsbus/swarm/chunk_picker.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::swarm {

ChunkPicker::ChunkPicker(ChunkBoard const& board, Order& order, policies::Rng rng)
    : board_(board),
      order_(order),
      rng_(rng),
      copies_(file().chunks),
      edition_(order.edition()),
      ranks_(file().chunks),
      ties_(file().chunks),
      is_touched_(file().chunks) {
    touched_.reserve(file().chunks);
    for (auto& tie : ties_) {
        tie = static_cast<std::uint32_t>(rng_());
    }
    touch_all();
}

void ChunkPicker::add_source(ChunkSet const& has) {
    ++sources_;
    has.for_each([this](std::uint32_t chunk) { add_copy(chunk); });
}

void ChunkPicker::remove_source(ChunkSet const& has) {
    --sources_;
    has.for_each([this](std::uint32_t chunk) { remove_copy(chunk); });
}

void ChunkPicker::change_source(ChunkSet const& from, ChunkSet const& to) {
    for_each_not_in(to, from, [this](std::uint32_t chunk) { remove_copy(chunk); });
    for_each_not_in(from, to, [this](std::uint32_t chunk) { add_copy(chunk); });
}

void ChunkPicker::add_copy(std::uint32_t chunk) {
    ++copies_[chunk];
    touch(chunk);
}

void ChunkPicker::remove_copy(std::uint32_t chunk) {
    --copies_[chunk];
    touch(chunk);
}

void ChunkPicker::touch(std::uint32_t chunk) {
    if (!is_touched_[chunk] && board_.state(chunk) != ChunkBoard::State::stored) {
        is_touched_[chunk] = true;
        touched_.push_back(chunk);
    }
}

void ChunkPicker::set_play_head(std::uint64_t position, std::uint64_t bytes_per_s) {
    if (chunk_at(position) != chunk_at(play_head_) || bytes_per_s != play_rate_) {
        touch_all();
    }
    play_head_ = position;
    play_rate_ = bytes_per_s;
}

std::uint64_t ChunkPicker::chunk_at(std::uint64_t byte) const {
    return byte / std::max(file().chunk_bytes, 1U);
}

void ChunkPicker::set_urgent(std::uint64_t begin, std::uint64_t end) {
    auto const bounded = [this](std::uint64_t chunk) {
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(chunk, file().chunks));
    };
    urgent_begin_ = bounded(chunk_at(begin));
    urgent_end_ = end > begin ? bounded(chunk_at(end - 1) + 1) : urgent_begin_;
}

std::optional<std::uint32_t> ChunkPicker::first_urgent(ChunkSet const& available) const {
    for (auto chunk = urgent_begin_; chunk < urgent_end_; ++chunk) {
        if (board_.needed().contains(chunk) && available.contains(chunk)) {
            return chunk;
        }
    }
    return std::nullopt;
}

void ChunkPicker::touch_all() {
    for (std::uint32_t chunk = 0; chunk < file().chunks; ++chunk) {
        touch(chunk);
    }
}

void ChunkPicker::rank_touched() {
    if (std::exchange(edition_, order_.edition()) != order_.edition()) {
        touch_all();
    }
    if (touched_.empty() || file().chunks == 1) {  // of which there is no order
        return;
    }
    std::vector<policies::ChunkView> views;
    views.reserve(touched_.size());
    for (auto const chunk : touched_) {
        views.push_back({.chunk = chunk,
                         .chunks = file().chunks,
                         .copies = copies_[chunk],
                         .sources = sources_,
                         .bytes = file().length(chunk),
                         .offset_bytes = file().offset(chunk),
                         .play_head_bytes = play_head_,
                         .play_bytes_per_s = static_cast<double>(play_rate_)});
        is_touched_[chunk] = false;
    }
    std::vector<double> ranks(views.size());
    order_.rank(views, ranks, rng_);
    for (std::size_t i = 0; i < views.size(); ++i) {
        ranks_[touched_[i]] = ranks[i];
    }
    touched_.clear();
}

std::optional<std::uint32_t> ChunkPicker::best(ChunkSet const& available) {
    if (auto const urgent = first_urgent(available)) {
        return urgent;
    }
    rank_touched();
    std::optional<std::uint32_t> best;
    for_each_common(board_.needed(), available, [&](std::uint32_t chunk) {
        bool const better = !best || std::pair(ranks_[chunk], ties_[chunk]) <
                                         std::pair(ranks_[*best], ties_[*best]);
        if (better) {
            best = chunk;
        }
    });
    return best;
}

}  // namespace xfsbus::swarm
