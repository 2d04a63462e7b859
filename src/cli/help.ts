export const help: string = `opam-web-mirror: an opam repository mirror that lives in a web browser

  opam-web-mirror serve [flags]   mirrors opam repositories, for native opam and for browsers
  opam-web-mirror init DIR        copies the service worker (sw.js) into the public folder of a site
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
  --data DIR                      keeps the mirror and fetched archives there (default: a temporary folder)
  --memory                        keeps the mirror in memory
  --no-mirror                     serves browsers only: nothing below /opam for native opam
  --base PATH                     serves everything below this path (default /)
  --tls-cert FILE --tls-key FILE  serves https with these PEM files
  --no-open                       does not open a browser
`;
