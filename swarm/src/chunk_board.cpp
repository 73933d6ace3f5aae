#include <xfsbus/swarm/chunk_board.hpp>

#include <utility>

namespace xfsbus::swarm {

ChunkBoard::ChunkBoard(ContentState const& content)
    : content_(content), states_(file().chunks, State::needed), needed_(file().chunks) {
    for (std::uint32_t chunk = 0; chunk < file().chunks; ++chunk) {
        if (!content.has().contains(chunk)) {
            need(chunk);
        }
    }
}

void ChunkBoard::need(std::uint32_t chunk) {
    needed_.insert(chunk);
    needed_bytes_ += file().length(chunk);
}

void ChunkBoard::set_state(std::uint32_t chunk, State state) {
    State const before = std::exchange(states_.at(chunk), state);
    if (before == State::needed && state != State::needed) {
        needed_.erase(chunk);
        needed_bytes_ -= file().length(chunk);
    } else if (before != State::needed && state == State::needed) {
        need(chunk);
    }
}

}  // namespace xfsbus::swarm
