#pragma once

#include "index/publications.hpp"
#include "jobs/hashes.hpp"
#include "storage/tree.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/swarm/indexed_file.hpp>
#include <xfsbus/wire/result.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <variant>

namespace xfsbus::peer::runtime {

/// What is to be published, as a thread that may wait for it looks at it.
struct Examination {
    std::string name;
    index::Publications::Bytes bytes;
    std::string manifest;                       ///< empty: not known
    std::shared_ptr<storage::Tree const> tree;  ///< null: no directory is shared
    std::shared_ptr<policies::HashAlgorithm const> integrity;
    std::stop_token stop;
};

/// As it can be shared; how long to wait until that can be said; or why it cannot be shared.
using Examined = std::variant<swarm::IndexedFile, index::FileChanging, Error>;

/// Any thread; reads all of it, unless its manifest is known.
Examined examine(Examination const& it, jobs::Hashes& hashes);

/// "'NAME' cannot be published: WHY".
Error not_published(std::string const& name, std::string const& why, Errc code = Errc::usage);

/// Of one with more bytes than a file may have.
Error too_large(std::string const& name);

}  // namespace xfsbus::peer::runtime
