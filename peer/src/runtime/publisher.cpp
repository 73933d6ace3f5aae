#include "runtime/publisher.hpp"

#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <variant>

namespace xfsbus::peer::runtime {
namespace {

/// What takes as long as the program does is put together with nothing else.
constexpr auto alone = std::numeric_limits<std::uint64_t>::max();

Published to_published(swarm::IndexedFile const& file) {
    return {file.name, wire::to_hex(file.content), file.stamp.size, *file.manifest};
}

/// What is there now; not read if its stamp is as it was, and nobody doubts that.
index::HashOutcome look_at(index::PublishedBytes const& bytes, swarm::IndexedFile const& file,
                           bool doubted, jobs::Hashes& hashes, std::stop_token const& stop) {
    auto const stamp = bytes.stamp();
    if (!doubted && stamp && *stamp == file.stamp) {
        return index::HashedFile{file.stamp, file.content, file.manifest};
    }
    auto const manifest = wire::decode_manifest(*file.manifest);
    auto const algorithm = manifest ? hashes.get(manifest->algorithm) : manifest.error();
    return algorithm ? bytes.describe(*algorithm, stop)
                     : index::FileUnreadable{algorithm.error().message};
}

}  // namespace

/// One that is being described.
struct Publisher::Task {
    Order order;
    OnDone on_done;
    std::stop_source stop;
    wire::Time begun{};
};

/// A look at what is published, and what came of it.
struct Publisher::Look {
    index::Publications::Bytes bytes;  ///< null: it is over, and so for what is unpublished
    swarm::IndexedFile file;
    bool doubted = false;
    wire::Time begun{};
    wire::Time next{};  ///< not before: for who doubts it, or for all if it cannot be read
    bool unreadable = false;
};

Publisher::Publisher(Owner owner) : owner_(std::move(owner)) {}

/// Whoever waits is answered by others.
Publisher::~Publisher() {
    stop_.request_stop();
    for (auto const& [name, task] : tasks_) {
        task->stop.request_stop();
    }
}

// ---- publishing ----

Status Publisher::may_publish(std::string const& name) const {
    if (auto const problem = wire::name_problem(name)) {
        return not_published(name, "the name " + *problem);
    }
    if (auto const taken = storage::Tree::not_taken(name)) {
        return not_published(name, taken->message);
    }
    if (owner_.published.contains(name)) {
        return not_published(name, "something is published under this name already");
    }
    if (owner_.share.by_name(name) != nullptr) {
        return not_published(name, "a file of the directory has this name");
    }
    return done();
}

Publisher::Cancel Publisher::start(Order order, OnDone on_done) {
    auto allowed = may_publish(order.name);
    if (allowed && tasks_.contains(order.name)) {
        allowed = not_published(order.name, "something is being published under this name");
    }
    if (allowed && owner_.published.size() + tasks_.size() >= owner_.most) {
        allowed = not_published(order.name, std::to_string(owner_.most) +
                                                " files are published, and more are not allowed "
                                                "(published_most)");
    }
    if (!allowed) {
        give_back(std::move(order.bytes));
        on_done(allowed.error());
        return {};
    }
    auto const task = std::make_shared<Task>(
        Task{std::move(order), std::move(on_done), {}, owner_.scheduler.now()});
    tasks_.emplace(task->order.name, task);
    examine(task);
    return [this, weak = std::weak_ptr(task), alive = std::weak_ptr(alive_)] {
        auto const running = weak.lock();
        if (running && !alive.expired()) {
            finish(running, Error{Errc::interrupted, "interrupted"});
        }
    };
}

void Publisher::examine(std::shared_ptr<Task> const& task) {
    Examination it{task->order.name, task->order.bytes, task->order.manifest,
                   owner_.tree,      owner_.integrity,  task->stop.get_token()};
    owner_.readers.submit(alone, [this, task, it = std::move(it), &hashes = owner_.hashes,
                                  alive = std::weak_ptr(alive_)] {
        auto seen = runtime::examine(it, hashes);
        return [this, task, seen = std::move(seen), alive] {
            if (!alive.expired()) {
                on_examined(task, seen);
            }
        };
    });
}

void Publisher::on_examined(std::shared_ptr<Task> const& task, Examined seen) {
    if (!task->on_done) {
        return;  // it was cancelled
    }
    if (auto* const file = std::get_if<swarm::IndexedFile>(&seen)) {
        return commit(task, std::move(*file));
    }
    if (auto const* const error = std::get_if<Error>(&seen)) {
        return finish(task, *error);
    }
    auto const now = owner_.scheduler.now();
    if (now - task->begun >= changing_most) {
        return finish(task, not_published(task->order.name, "it is being written to", Errc::disk));
    }
    owner_.scheduler.at(now + std::get<index::FileChanging>(seen).wait,
                        [this, task, alive = std::weak_ptr(alive_)] {
                            if (!alive.expired() && task->on_done) {
                                examine(task);
                            }
                        });
}

/// The directory may have got a file of this name meanwhile.
void Publisher::commit(std::shared_ptr<Task> const& task, swarm::IndexedFile file) {
    if (auto const allowed = may_publish(file.name); !allowed) {
        return finish(task, allowed.error());
    }
    owner_.published.put(file.name, file.content, std::move(task->order.bytes));
    auto result = to_published(file);
    owner_.on_shared(std::move(file));
    tasks_.erase(result.name);
    owner_.when_told([on_done = std::exchange(task->on_done, {}), result = std::move(result)] {
        on_done(result);
    });
}

/// Once.
void Publisher::finish(std::shared_ptr<Task> const& task, Result<Published> const& result) {
    auto const on_done = std::exchange(task->on_done, {});
    if (!on_done) {
        return;
    }
    task->stop.request_stop();
    tasks_.erase(task->order.name);
    give_back(std::move(task->order.bytes));
    on_done(result);
}

// ---- the end of it ----

void Publisher::unpublish(std::string const& name, std::function<void(Status)> const& on_gone) {
    if (!owner_.published.contains(name)) {
        return on_gone(Error{Errc::not_found,
                             "nothing is published under the name '" + wire::escape(name) + "'"});
    }
    end(name, [on_gone] { on_gone(done()); });
}

/// `on_gone`: when nothing reads it any more.
void Publisher::end(std::string const& name, std::function<void()> on_gone) {
    auto const file = *owner_.share.by_name(name);
    auto bytes = owner_.published.take(name);
    if (auto const look = looks_.extract(name)) {
        look.mapped()->bytes.reset();
    }
    owner_.on_unshared(file);
    bytes->when_gone(std::move(on_gone));
    give_back(std::move(bytes));
}

/// What lets go of it is the program's, and may take its time.
void Publisher::give_back(index::Publications::Bytes bytes) {
    if (!bytes) {
        return;
    }
    owner_.readers.submit(alone, [bytes = std::move(bytes)] { return [] {}; });
}

// ---- is it still what it was? ----

void Publisher::look_again(std::string const& name, bool doubted) {
    auto const now = owner_.scheduler.now();
    auto const last = looks_.find(name);
    bool const soon = last != looks_.end() &&
                      (last->second->bytes ||
                       (now < last->second->next && (doubted || last->second->unreadable)));
    if (soon || (doubted && !may_doubt())) {
        return;
    }
    auto const& file = *owner_.share.by_name(name);
    auto const begun = std::make_shared<Look>(
        Look{owner_.published.find(name, file.content), file, doubted, now, now});
    looks_.insert_or_assign(name, begun);
    look(begun);
}

bool Publisher::may_doubt() {
    auto const now = owner_.scheduler.now();
    if (now - doubted_since_ >= look_every) {
        doubted_since_ = now;
        doubted_ = 0;
    }
    return doubted_++ < looks_most;
}

void Publisher::look(std::shared_ptr<Look> const& look) {
    auto work = [this, look, bytes = look->bytes, file = look->file, doubted = look->doubted,
                 &hashes = owner_.hashes, stop = stop_.get_token(), alive = std::weak_ptr(alive_)] {
        auto outcome = look_at(*bytes, file, doubted, hashes, stop);
        return [this, look, outcome = std::move(outcome), alive] {
            if (!alive.expired()) {
                on_looked(look, outcome);
            }
        };
    };
    owner_.readers.submit(alone, std::move(work));
}

void Publisher::on_looked(std::shared_ptr<Look> const& look, index::HashOutcome outcome) {
    auto const now = owner_.scheduler.now();
    auto const& name = look->file.name;
    if (!look->bytes) {
        return;
    }
    auto const* const changing = std::get_if<index::FileChanging>(&outcome);
    if (changing != nullptr && now - look->begun < changing_most) {
        owner_.scheduler.at(now + changing->wait, [this, look, alive = std::weak_ptr(alive_)] {
            if (!alive.expired() && look->bytes) {
                this->look(look);
            }
        });
        return;
    }
    look->bytes.reset();
    if (auto const* const hashed = std::get_if<index::HashedFile>(&outcome)) {
        if (hashed->content != look->file.content) {
            return withdraw(name, "its bytes are not those that were published");
        }
        look->next = look->doubted ? now + look_every : now;
        look->file.stamp = hashed->stamp;
        owner_.on_shared(look->file);
    } else if (std::holds_alternative<index::FileUnreadable>(outcome)) {
        look->unreadable = true;  // it stays, and whoever asks for it is told
        look->next = now + look_every;
    } else if (!std::holds_alternative<index::HashStopped>(outcome)) {
        withdraw(name, changing != nullptr ? "it is being written to" : "it has vanished");
    }
}

void Publisher::withdraw(std::string const& name, std::string const& why) {
    owner_.warn("'" + wire::escape(name) + "' is not published any more: " + why);
    end(std::string(name), [] {});
}

}  // namespace xfsbus::peer::runtime
