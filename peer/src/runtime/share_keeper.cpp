#include "runtime/share_keeper.hpp"

#include "net/fault_teller.hpp"
#include "runtime/poster.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/name.hpp>

#include <utility>

namespace xfsbus::peer::runtime {
namespace {

UpdateSummary to_summary(index::ScanSummary const& scan) {
    return {scan.files, scan.bytes,   scan.hashed,       scan.skipped,
            scan.links, scan.ignored, scan.private_files};
}

SharedFileInfo to_info(swarm::IndexedFile const& file) {
    return {file.name, wire::to_hex(file.content), file.stamp.size};
}

}  // namespace

ShareKeeper::ShareKeeper(bus::Reactor& reactor, swarm::ShareTable& table,
                         index::Publications const& published, net::TrackerLink& tracker,
                         TrackerWatch& watch, EventStore& events, PeerOptions const& options)
    : reactor_(reactor),
      table_(table),
      published_(published),
      tracker_(tracker),
      watch_(watch),
      events_(events),
      options_(options) {}

// ---- the index ----

index::ShareIndex::Options ShareKeeper::index_options() const {
    index::ShareIndex::Options options;
    options.directory = options_.directory;
    options.cache_file = options_.cache_file;
    options.watch = options_.watch;
    options.rescan = options_.rescan;
    options.ignore = options_.ignore;
    options.default_ignores = options_.default_ignores;
    return options;
}

Status ShareKeeper::start(std::shared_ptr<policies::HashAlgorithm const> integrity,
                          std::shared_ptr<storage::Tree const> tree,
                          index::ShareIndex::Threads const& threads, unsigned hashers) {
    if (options_.directory.empty()) {
        scanned_ = UpdateSummary{};
        return done();
    }
    auto options = index_options();
    options.algorithm = std::move(integrity);
    options.tree = std::move(tree);
    options.threads = threads;
    options.hash_threads = hashers;
    auto index = index::ShareIndex::start(
        std::move(options),
        {.on_changed =
             [this, post = poster(reactor_, alive_)](auto added, auto removed) {
                 post([this, added = std::move(added), removed = std::move(removed)]() mutable {
                     on_changed(std::move(added), std::move(removed));
                 });
             },
         .on_scanned =
             [this, post = poster(reactor_, alive_)](index::ScanSummary const& scan) {
                 post([this, summary = to_summary(scan)] { on_scanned(summary); });
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

void ShareKeeper::on_scanned(UpdateSummary const& summary) {
    scanned_ = summary;
    events_.put(Scanned{summary});
    waiting_.tell(summary);
}

void ShareKeeper::when_scanned(std::weak_ptr<void const> who,
                               std::function<void(UpdateSummary const&)> then) {
    if (scanned_) {
        return then(*scanned_);
    }
    waiting_.add(std::move(who), std::move(then));
}

void ShareKeeper::tell_how_it_is() {
    if (index_ && scanned_) {
        events_.put(Scanned{*scanned_});
    }
}

void ShareKeeper::update_list(std::function<void(Result<UpdateSummary>)> on_done) {
    auto send = [this, on_done](UpdateSummary const& summary) {
        tracker_.resend();
        watch_.when_told([on_done, summary](Status const& told) {
            told ? on_done(summary) : on_done(told.error());
        });
    };
    if (!index_) {
        return send({});
    }
    index_->rescan([post = poster(reactor_, alive_), send = std::move(send),
                    on_done](index::ScanSummary const& scan) {
        post([send, on_done, scan] {
            scan.problem.empty() ? send(to_summary(scan))
                                 : on_done(Error{Errc::disk, scan.problem});
        });
    });
}

void ShareKeeper::rescan() {
    if (!index_) {
        return;
    }
    note(LogLevel::info, "scanning the shared directory again");
    index_->rescan([this, post = poster(reactor_, alive_)](index::ScanSummary const& scan) {
        post([this, scan] {
            note(LogLevel::info, scan.problem.empty()
                                     ? "scanned: " + std::to_string(scan.files) +
                                           " files, of which " + std::to_string(scan.hashed) +
                                           " were read"
                                     : scan.problem);
        });
    });
}

void ShareKeeper::look_again(std::string const& name, Doubt doubt) {
    if (index_) {
        doubt == Doubt::bytes ? index_->verify(name) : index_->recheck(name);
    }
}

// ---- the files ----

std::vector<SharedFileInfo> ShareKeeper::files() const {
    std::vector<SharedFileInfo> all;
    for (auto const& file : table_.files()) {
        all.push_back(to_info(file));
    }
    return all;
}

wire::FileEntry ShareKeeper::tell(swarm::IndexedFile const& file) {
    if (events_.keeps_all()) {
        events_.put(FileAppeared{to_info(file)});
    }
    return swarm::entry_of(file);
}

/// Of the directory; null: it is not shared, or was so already.
swarm::IndexedFile const* ShareKeeper::put(swarm::IndexedFile file) {
    if (!published_.contains(file.name)) {
        return table_.put(std::move(file));
    }
    auto const name = file.name;
    if (hidden_.insert_or_assign(name, std::move(file)).second) {
        note(LogLevel::warning, "'" + wire::escape(name) +
                                    "' of the directory is not shared as long as something else "
                                    "is published under its name");
    }
    return nullptr;
}

/// Of the directory; false: it was not shared.
bool ShareKeeper::remove(std::string const& name) {
    return published_.contains(name) ? (hidden_.erase(name), false) : table_.remove(name);
}

void ShareKeeper::on_changed(std::vector<swarm::IndexedFile> added,
                             std::vector<std::string> removed) {
    std::vector<wire::FileEntry> entries;
    entries.reserve(added.size());
    for (auto& file : added) {
        if (auto const* const now = put(std::move(file))) {
            entries.push_back(tell(*now));
        }
    }
    std::erase_if(removed, [this](auto const& name) { return !remove(name); });
    for (auto const& name : removed) {
        events_.put(FileGone{name});
    }
    tracker_.on_changed(std::move(entries), std::move(removed));
}

void ShareKeeper::on_fetched(swarm::IndexedFile file) {
    if (!index_) {
        return;
    }
    if (auto const* const now = put(file)) {
        tracker_.on_changed(now->name, tell(*now));
    }
    index_->add(std::move(file));
}

void ShareKeeper::on_shared(swarm::IndexedFile file) {
    if (auto const* const now = table_.put(std::move(file))) {
        tracker_.on_changed(now->name, tell(*now));
    }
}

void ShareKeeper::on_unshared(std::string const& name) {
    auto hidden = hidden_.extract(name);
    if (hidden) {
        return on_shared(std::move(hidden.mapped()));
    }
    table_.remove(name);
    events_.put(FileGone{name});
    tracker_.on_changed(name, std::nullopt);
}

void ShareKeeper::on_partial(std::string const& name, swarm::PartialFile const* part) {
    if (part != nullptr) {
        if (table_.put_partial(*part)) {
            tracker_.on_changed(name, swarm::entry_of(*part));
        }
        return;
    }
    table_.remove_partial(name);
    if (table_.by_name(name) == nullptr) {
        tracker_.on_changed(name, std::nullopt);
    }
}

void ShareKeeper::note(LogLevel level, std::string_view text) const {
    if (options_.log) {
        options_.log(telemetry::note(level, text));
    }
}

}  // namespace xfsbus::peer::runtime
