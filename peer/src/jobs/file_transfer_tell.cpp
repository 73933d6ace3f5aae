// What a FileTransfer tells its sources of what is here.
#include "jobs/file_transfer.hpp"

#include <xfsbus/wire/limits.hpp>

#include <utility>

namespace xfsbus::peer::jobs {
namespace {

/// What is gained within so much time is told together.
constexpr auto tell_every = std::chrono::milliseconds(50);

}  // namespace

/// Those that have the whole file want to know what is spread, so that they send other chunks.
void FileTransfer::tell_all(Way const& way) {
    if (in_swarm() && way.about.completeness >= 1 && way.transfer && !has_.empty()) {
        wire::Have have;
        have.transfer = *way.transfer;
        have.bitmap = has_.to_wire();
        way.about.link->tell(std::move(have));
    }
}

void FileTransfer::tell_soon(std::uint32_t chunk) {
    gained_.push_back(chunk);
    if (!tell_timer_ && in_swarm()) {
        tell_timer_ = services_.reactor.at(services_.reactor.now() + tell_every, [this] {
            tell_timer_.reset();
            tell_gained();
        });
    }
}

void FileTransfer::tell_gained() {
    auto const gained = std::exchange(gained_, {});
    if (gained.size() > wire::limits::chunks_per_have) {
        for (auto const& [id, way] : ways_) {
            tell_all(way);
        }
        return;
    }
    for (auto const& [id, way] : ways_) {
        if (way.about.completeness >= 1) {
            tell(way, gained);
        }
    }
}

void FileTransfer::tell(Way const& way, std::vector<std::uint32_t> chunks) {
    if (way.transfer) {
        wire::Have have;
        have.transfer = *way.transfer;
        have.chunks = std::move(chunks);
        way.about.link->tell(std::move(have));
    }
}

}  // namespace xfsbus::peer::jobs
