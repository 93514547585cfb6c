"""Explica uma pasta de imagens com os trabalhadores que o SLURM der.

    python slurm.py FILMES MODELO SAIDA

Os três num disco que todos os nós veem no mesmo caminho. Pede
``covidcam[cluster]`` e ``dask-jobqueue``; a fila, os núcleos, a
memória e o tempo são os da sua máquina.
"""

import sys

from dask_jobqueue import SLURMCluster
from distributed import Client

from covidcam.batch import Job, cluster


def main():
    """Pede os nós, explica, e os devolve."""
    films, model, output = sys.argv[1:]
    job = Job([films], output, model, methods=["grad-cam"])
    job.prepare()
    nodes = SLURMCluster(
        queue="normal",
        cores=1,  # um filme por vez; os núcleos da rede vão na linha seguinte
        job_cpu=2,
        processes=1,
        memory="6GB",
        walltime="01:00:00",
    )
    with nodes, Client(nodes) as client:
        nodes.adapt(minimum=1, maximum=20)
        for name, refusal in cluster.run(job, client):
            print(f"{name}: {refusal}")
    print(f"{len(job.finish())} imagens em {output}")


if __name__ == "__main__":
    main()
