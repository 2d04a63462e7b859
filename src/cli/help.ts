export const help: string = `opam-web-mirror: an opam repository mirror that lives in a web browser

  opam-web-mirror serve [flags]   mirrors opam repositories, for native opam and for browsers
  opam-web-mirror init DIR        copies the service worker (sw.js, sw-engine.js) into the public folder of a site
  opam-web-mirror --help | --version

Flags of serve
  --port PORT                     0 picks a free port (default 8080)
  --host HOST                     address to listen on (default 127.0.0.1)
  --repository [NAME=]URL[#REF]   https:// Git URL or path of a local Git repository; repeatable; without #REF
                                  the remote's HEAD (default: opam-repository on GitHub, or the demo repository
                                  when that cannot be reached)
  --origin [NAME=]URL             public URL of a repository that is answered for (default: https://opam.ocaml.org/
                                  for the repository called default); repeatable
  --upstream-cache URL|FOLDER     where archives are looked up by checksum; repeatable
  --archive-mirror URL            cache of archives that clients are told of, behind this one; repeatable
  --server-name NAME              answers by this name, by addresses and localhost alone; repeatable (default: any name)
  --source-network CIDR           opam files may name archives there too, not at public addresses alone; repeatable
  --skip-download                 serves archives that are here already, and fetches none
  --parallel-downloads N          archives fetched at a time (default 20)
  --strict-checksums              serves no archive of which only an md5 is known
  --keep [NAME=]all|PACKAGE       archives that are fetched ahead and never evicted: all, a name, or name.version; repeatable
  --archive-limit SIZE            what fetched archives may take, 20GB for example (default: no limit for those that
                                  are kept, 2 GiB for all others)
  --data DIR                      keeps the mirror and fetched archives there (default: a temporary folder)
  --ignore-local                  takes the mirror in DIR for empty, and fetches it again
  --check                         only checks what DIR holds: exit code 1 when something is damaged
  --memory                        keeps the mirror in memory
  --no-mirror                     serves browsers only: nothing below /opam for native opam
  --base PATH                     serves everything below this path (default /)
  --tls-cert FILE --tls-key FILE  serves https with these PEM files
  --hook-url PATH                 a request to PATH starts a sync of all repositories (besides opam/NAME/update)
  --hook-token TOKEN              what such requests must know: Authorization: Bearer, X-Gitlab-Token, or the signature of
                                  a web hook; also OPAM_WEB_MIRROR_HOOK_TOKEN in the environment
  --log text|json                 form of the lines on standard error (default text)
  --no-open                       does not open a browser

Exit codes
  0  ended well, by SIGINT or SIGTERM too     1  could not start or stop, or --check found damage     2  wrong flags
`;
