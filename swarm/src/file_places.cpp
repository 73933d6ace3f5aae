#include <xfsbus/swarm/file_places.hpp>

#include <algorithm>

namespace xfsbus::swarm {

bool FilePlaces::take(void const* download, std::function<void()> on_turn) {
    bool const its_turn = line_.empty() || line_.front().first == download;
    if (free_ == 0 || !its_turn) {
        if (std::ranges::find(line_, download, &decltype(line_)::value_type::first) ==
            line_.end()) {
            line_.emplace_back(download, std::move(on_turn));
        }
        return false;
    }
    --free_;
    leave(download);
    return true;
}

void FilePlaces::give_back() {
    ++free_;
    call_first();
}

void FilePlaces::leave(void const* download) {
    if (std::erase_if(line_, [&](auto const& waits) { return waits.first == download; }) > 0) {
        call_first();
    }
}

void FilePlaces::call_first() const {
    if (free_ > 0 && !line_.empty()) {
        auto const on_turn = line_.front().second;  // it may leave the line
        on_turn();
    }
}

}  // namespace xfsbus::swarm
