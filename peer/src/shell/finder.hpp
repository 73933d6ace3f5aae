#pragma once

#include "shell/file_transfer.hpp"
#include "shell/services.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// Who has what, and how they are. Reactor thread.
class Finder {
  public:
    using OnFiles = std::function<void(Result<std::vector<wire::FoundFile>>)>;
    /// The peers that answered, by where they listen.
    using Probed = std::map<wire::Endpoint, Candidate>;
    /// Those that cannot be connected to, so that nobody can be there; others were just silent.
    using Gone = std::set<wire::Endpoint>;
    using OnProbed = std::function<void(Probed, Gone)>;
    using OnEach = std::function<void(Candidate)>;

    explicit Finder(Services& services) : services_(services) {}

    static Error nobody(std::string const& query);

    /// A name, NAME@ID, @ID, or a pattern; in this order, so that a file whose name looks like a
    /// pattern can be asked for. Errc::not_found if nobody has such a file.
    void find(std::string const& query, OnFiles on_files);

    /// Asks every other peer that these files name for its latency and load.
    void probe(std::vector<wire::FoundFile> const& files, OnProbed on_probed);
    /// The same of these sources, telling of each as it answers; then calls on_done.
    void probe_each(std::vector<wire::SourceEntry> const& sources, OnEach const& on_each,
                    std::function<void()> on_done);

  private:
    using OnVitals = std::function<void(wire::SourceEntry const&, std::shared_ptr<Link> const&,
                                        Result<Link::Vitals> const&)>;

    void ask_each(std::vector<wire::SourceEntry> const& sources, OnVitals const& on_vitals,
                  std::function<void()> on_done);
    void find_version(std::string const& query, OnFiles on_files);
    void find_pattern(std::string const& query, OnFiles on_files);

    Services& services_;
};

}  // namespace xfsbus::peer
