#include "jobs/offering.hpp"

#include "serving/serving.hpp"

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

/// The tracker is told of the first chunk, and then again when so much more is here.
constexpr std::uint32_t announced_step_ppm = wire::complete_ppm / 4;

}  // namespace

Offering::~Offering() {
    if (active_) {
        services_.serving->withdraw(file_.content);
        services_.on_partial_gone(file_.name);
    }
}

void Offering::begin(swarm::ChunkSet const& has, std::shared_ptr<std::string const> manifest,
                     std::shared_ptr<storage::PartReader const> reader) {
    stored_ = has.count();
    if (services_.serving == nullptr || reader == nullptr) {
        return;
    }
    active_ = services_.serving->offer(
        file_.content,
        {file_.name, {layout_, has}, [reader = std::move(reader)](auto buffer, auto offset) {
             return reader->read(buffer, offset) ? index::ReadOutcome::good
                                                 : index::ReadOutcome::changed;
         }});
    file_.manifest = std::move(manifest);
    if (active_) {
        announce();
    }
}

void Offering::on_stored(std::uint32_t chunk) {
    ++stored_;
    if (!active_) {
        return;
    }
    services_.serving->gained(file_.content, chunk);
    auto const ppm = ppm_here();
    // The whole file is announced by whoever puts it into the share.
    bool const news = file_.have_ppm == 0 || ppm - file_.have_ppm >= announced_step_ppm;
    if (news && stored_ < layout_.chunks) {
        announce();
    }
}

std::uint32_t Offering::ppm_here() const {
    return static_cast<std::uint32_t>(std::uint64_t{stored_} * wire::complete_ppm /
                                      std::max(1U, layout_.chunks));
}

void Offering::announce() {
    file_.have_ppm = ppm_here();
    services_.on_partial(file_);
}

void Offering::on_complete(swarm::IndexedFile const& file) {
    if (std::exchange(active_, false)) {
        services_.serving->completed(file_.content, file);
    }
}

}  // namespace xfsbus::peer::jobs
