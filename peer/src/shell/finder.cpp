#include "shell/finder.hpp"

#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer {
namespace {

constexpr auto probe_patience = std::chrono::milliseconds(1500);
constexpr std::size_t id_digits_least = 4;

struct Version {
    std::string name;
    std::string id;  ///< hex digits
};

/// Splits NAME@ID; nullopt if the text after the last '@' is no beginning of a content id.
std::optional<Version> parse_version(std::string const& query) {
    auto const at = query.rfind('@');
    if (at == std::string::npos) {
        return std::nullopt;
    }
    auto const id = query.substr(at + 1);
    bool const hex = id.size() >= id_digits_least && id.size() <= 2 * wire::ContentId::size &&
                     std::ranges::all_of(id, [](char c) {
                         return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                     });
    return hex ? std::optional(Version{query.substr(0, at), id}) : std::nullopt;
}

/// The tracker is not trusted with names: one that could leave the directory is not even shown.
void drop_bad_names(std::vector<wire::FoundFile>& files) {
    std::erase_if(files, [](auto const& file) { return wire::name_problem(file.name); });
}

}  // namespace

Error Finder::nobody(std::string const& query) {
    return {Errc::not_found, "no peer that is up has '" + wire::escape(query) + "'"};
}

void Finder::find(std::string const& query, OnFiles on_files) {
    services_.tracker.find(wire::FindBy::name, query,
                           [this, query, on_files = std::move(on_files)](auto files) mutable {
                               if (files) {
                                   drop_bad_names(*files);
                               }
                               if (!files || !files->empty()) {
                                   return on_files(std::move(files));
                               }
                               find_version(query, std::move(on_files));
                           });
}

void Finder::find_version(std::string const& query, OnFiles on_files) {
    auto const version = parse_version(query);
    if (!version) {
        return find_pattern(query, std::move(on_files));
    }
    services_.tracker.find(
        wire::FindBy::content_prefix, version->id,
        [this, query, name = version->name, on_files = std::move(on_files)](auto files) mutable {
            if (!files) {
                return on_files(files.error());
            }
            drop_bad_names(*files);
            std::erase_if(*files, [&](auto const& file) {
                return !name.empty() && !wire::glob_match(name, file.name) && name != file.name;
            });
            if (files->empty()) {
                return find_pattern(query, std::move(on_files));
            }
            on_files(std::move(files));
        });
}

void Finder::find_pattern(std::string const& query, OnFiles on_files) {
    if (!wire::is_glob(query)) {
        return on_files(nobody(query));
    }
    services_.tracker.find(wire::FindBy::glob, query,
                           [query, on_files = std::move(on_files)](auto files) {
                               if (!files) {
                                   return on_files(files.error());
                               }
                               drop_bad_names(*files);
                               if (files->empty()) {
                                   return on_files(nobody(query));
                               }
                               on_files(std::move(files));
                           });
}

void Finder::probe(std::vector<wire::FoundFile> const& files, OnProbed on_probed) {
    std::map<wire::Endpoint, wire::SourceEntry> others;
    for (auto const& file : files) {
        for (auto const& source : file.sources) {
            others.emplace(source.listens, source);
        }
    }
    std::vector<wire::SourceEntry> sources;
    sources.reserve(others.size());
    for (auto& [endpoint, source] : others) {
        sources.push_back(std::move(source));
    }
    auto const probed = std::make_shared<Probed>();
    auto const gone = std::make_shared<Gone>();
    ask_each(
        sources,
        [probed, gone](wire::SourceEntry const& source, std::shared_ptr<Link> const& link,
                       Result<Link::Vitals> const& vitals) {
            if (vitals) {
                probed->emplace(source.listens, Candidate{link, source.labels, *vitals, 1});
            } else if (vitals.error().code == Errc::network) {
                gone->insert(source.listens);
            }
        },
        [probed, gone, on_probed = std::move(on_probed)] {
            on_probed(std::move(*probed), std::move(*gone));
        });
}

void Finder::probe_each(std::vector<wire::SourceEntry> const& sources, OnEach const& on_each,
                        std::function<void()> on_done) {
    ask_each(
        sources,
        [on_each](wire::SourceEntry const& source, std::shared_ptr<Link> const& link,
                  Result<Link::Vitals> const& vitals) {
            if (vitals) {
                auto const part = static_cast<double>(source.have_ppm) / wire::complete_ppm;
                on_each({link, source.labels, *vitals, part});
            }
        },
        std::move(on_done));
}

/// Asks every other peer of these how it is.
void Finder::ask_each(std::vector<wire::SourceEntry> const& sources, OnVitals const& on_vitals,
                      std::function<void()> on_done) {
    // Calls on_done when the last that waits lets go of it.
    std::shared_ptr<void> const last(nullptr, [on_done = std::move(on_done)](void*) { on_done(); });
    for (auto const& source : sources) {
        if (source.peer == services_.self) {
            continue;
        }
        auto link = services_.links.to(source.listens);
        if (!link) {
            services_.log(LogLevel::warning, link.error().message);
            continue;
        }
        auto* const raw = link->get();
        raw->probe(probe_patience, [last, source, link = *link, on_vitals](auto vitals) {
            on_vitals(source, link, vitals);
        });
    }
}

}  // namespace xfsbus::peer
