// What a node does about the directory that it shares.
#include "runtime/node.hpp"

#include <algorithm>
#include <thread>

namespace xfsbus::peer::runtime {
namespace {

UpdateSummary to_summary(index::ScanSummary const& scan) {
    return {scan.files, scan.bytes,   scan.hashed,       scan.skipped,
            scan.links, scan.ignored, scan.private_files};
}

}  // namespace

Status Node::start_index() {
    if (!shares_) {
        scanned_ = UpdateSummary{};
        return done();
    }
    index::ShareIndex::Options options;
    options.directory = options_.directory;
    options.cache_file = options_.cache_file;
    options.algorithm = plugins_.integrity;
    options.watch = options_.watch;
    options.rescan = options_.rescan;
    options.ignore = options_.ignore;
    options.default_ignores = options_.default_ignores;
    options.hash_threads = std::clamp(std::thread::hardware_concurrency(), 1U,
                                      static_cast<unsigned>(descriptors_.hashers));
    auto index = index::ShareIndex::start(
        std::move(options),
        {.on_changed =
             [this, post = poster()](auto added, auto removed) {
                 post([this, added = std::move(added), removed = std::move(removed)]() mutable {
                     on_changed(std::move(added), std::move(removed));
                 });
             },
         .on_scanned =
             [this, post = poster()](index::ScanSummary const& scan) {
                 post([this, summary = to_summary(scan)] {
                     scanned_ = summary;
                     for (auto const& then : std::exchange(on_scanned_, {})) {
                         then(summary);
                     }
                 });
             },
         .on_warning = [this](std::string_view text) { note(LogLevel::warning, text); },
         .on_notice = [this](std::string_view text) { note(LogLevel::info, text); },
         .on_fault = net::fault_teller(reactor_)});
    if (!index) {
        return index.error();
    }
    index_ = std::move(*index);
    return done();
}

void Node::update_list(OnAnswer<UpdateSummary> on_done) {
    auto send = [this, on_done](UpdateSummary const& summary) {
        tracker_.resend();
        when_told([on_done, summary](Status const& told) {
            told ? on_done(summary) : on_done(told.error());
        });
    };
    if (!index_) {
        return send({});
    }
    index_->rescan(
        [post = poster(), send = std::move(send), on_done](index::ScanSummary const& scan) {
            post([send, on_done, scan] {
                scan.problem.empty() ? send(to_summary(scan))
                                     : on_done(Error{Errc::disk, scan.problem});
            });
        });
}

void Node::rescan() {
    if (!index_) {
        return;
    }
    note(LogLevel::info, "scanning the shared directory again");
    index_->rescan([this, post = poster()](index::ScanSummary const& scan) {
        post([this, scan] {
            note(LogLevel::info, scan.problem.empty()
                                     ? "scanned: " + std::to_string(scan.files) +
                                           " files, of which " + std::to_string(scan.hashed) +
                                           " were read"
                                     : scan.problem);
        });
    });
}

}  // namespace xfsbus::peer::runtime
