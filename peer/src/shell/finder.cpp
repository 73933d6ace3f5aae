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
    std::map<wire::Endpoint, std::string> others;
    for (auto const& file : files) {
        for (auto const& source : file.sources) {
            if (source.peer != services_.self) {
                others.emplace(source.listens, source.labels);
            }
        }
    }

    struct Gathering {
        std::size_t waiting = 1;  // for the loop below
        Probed probed;
        Gone gone;
        OnProbed on_probed;

        void one_less() {
            if (--waiting == 0) {
                on_probed(std::move(probed), std::move(gone));
            }
        }
    };

    auto gathering = std::make_shared<Gathering>();
    gathering->on_probed = std::move(on_probed);
    for (auto const& [endpoint, labels] : others) {
        auto link = services_.links.to(endpoint);
        if (!link) {
            services_.log(LogLevel::warning, link.error().message);
            continue;
        }
        ++gathering->waiting;
        auto* const raw = link->get();
        raw->probe(probe_patience, [gathering, link = *link, labels = labels](auto vitals) {
            if (vitals) {
                gathering->probed.emplace(link->endpoint(), Candidate{link, labels, *vitals, 1});
            } else if (vitals.error().code == Errc::network) {
                gathering->gone.insert(link->endpoint());
            }
            gathering->one_less();
        });
    }
    gathering->one_less();
}

}  // namespace xfsbus::peer
